import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { RecoverMessagesInput, RecoveryActivities } from './messages.ts';

// Each piece commits how far it has come, so to repeat it is harmless; and there is nothing to do but go on.
const { recoverSlice } = proxyActivities<RecoveryActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  summary: 'Send some messages again',
});

/** Has the messages of a time sent (again) to one endpoint, some hundreds at a time, until none is left. */
export async function recoverMessages(input: RecoverMessagesInput): Promise<{ sent: number }> {
  for (;;) {
    const { sent, left } = await recoverSlice(input);
    setCurrentDetails(`${sent} messages are on their way.`);
    if (!left) {
      upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
      return { sent };
    }
    // All that is known is in the database.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof recoverMessages>(input);
  }
}
