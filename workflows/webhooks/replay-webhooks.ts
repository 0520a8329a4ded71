import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { ReplayActivities, ReplayWebhooksInput } from './messages.ts';

// Each piece commits how far it has come, so to repeat it is harmless; and there is nothing to do but go on.
const { replaySlice } = proxyActivities<ReplayActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  summary: 'Have some webhooks tried again',
});

/** Has the webhooks that a filter lets through tried again, some hundreds at a time, until none is left. */
export async function replayWebhooks(input: ReplayWebhooksInput): Promise<{ replayed: number }> {
  for (;;) {
    const { replayed, left } = await replaySlice(input);
    setCurrentDetails(`${replayed} webhooks are tried again.`);
    if (!left) {
      upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
      return { replayed };
    }
    // All that is known is in the database.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof replayWebhooks>(input);
  }
}
