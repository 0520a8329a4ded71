import { proxyActivities } from '@temporalio/workflow';
import type { ReplayActivities, ReplayWebhooksInput } from './messages.ts';
import { doSlices, sliceOptions } from './slices.ts';

const { replaySlice } = proxyActivities<ReplayActivities>({
  ...sliceOptions,
  summary: 'Have some webhooks tried again',
});

/** Has the webhooks that a filter lets through tried again, some hundreds at a time, until none is left. */
export async function replayWebhooks(input: ReplayWebhooksInput): Promise<{ replayed: number }> {
  const details = (done: { replayed: number }): string => `${done.replayed} webhooks are tried again.`;
  const { replayed } = await doSlices(input, replaySlice, details);
  return { replayed };
}
