import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { RefundActivities, RefundOrderInput } from './messages.ts';

// What became of a call is looked up before it is made again, so it is tried until its outcome is known.
const { performRefund } = proxyActivities<RefundActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** Gives money back that a person has asked for. How much, and of which payment, stands in the database. */
export async function refundOrder(input: RefundOrderInput): Promise<void> {
  await performRefund(input);
  upsertSearchAttributes([{ key: processStatusAttribute, value: 'done' }]);
  setCurrentDetails('Done.');
}
