import { proxyLocalActivities, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { InboundActivities, InboundOutcome, ProcessInboundInput } from './messages.ts';

// Idempotent by the number of the attempt. Only an outage is thrown, and there is nothing to do but wait for its end.
const { attemptInbound } = proxyLocalActivities<InboundActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/** A gap so short is waited for here; for longer ones the row waits, and a sweep starts another run. */
const shortGap = 10;

/** Processes an event that came in. */
export async function processInbound(input: ProcessInboundInput): Promise<InboundOutcome> {
  for (let { attempt } = input; ; attempt += 1) {
    const outcome = await attemptInbound({ ...input, attempt });
    if (outcome.retryIn === null || outcome.retryIn > shortGap) {
      upsertSearchAttributes([{ key: processStatusAttribute, value: outcome.state }]);
      setCurrentDetails(`Attempt ${attempt}: ${outcome.state}.`);
      return outcome;
    }
    setCurrentDetails(`Attempt ${attempt} failed, and is made again.`);
    await sleep(outcome.retryIn * 1_000, { summary: 'Until the next attempt' });
  }
}
