import { proxyActivities } from '@temporalio/workflow';
import type { RecoverMessagesInput, RecoveryActivities } from './messages.ts';
import { doSlices, sliceOptions } from './slices.ts';

const { recoverSlice } = proxyActivities<RecoveryActivities>({
  ...sliceOptions,
  summary: 'Send some messages again',
});

/** Has the messages of a time sent (again) to one endpoint, some hundreds at a time, until none is left. */
export async function recoverMessages(input: RecoverMessagesInput): Promise<{ sent: number }> {
  const details = (done: { sent: number }): string => `${done.sent} messages are on their way.`;
  const { sent } = await doSlices(input, recoverSlice, details);
  return { sent };
}
