import {
  condition,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import { orderChanged } from './fulfill-order.ts';
import type { ReturnActivities, ReturnOrderInput, ReturnView } from './messages.ts';

// Both find what is done already, and the calls to the processor in them are looked up before they are made again.
const { readReturn, settleReturn } = proxyActivities<ReturnActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/**
 * A return, from the wish to its end. People approve, decline and take in; the workflow waits for them and for the goods, and
 * sees to it that what has come back is made good, once.
 */
export async function returnOrder(input: ReturnOrderInput): Promise<void> {
  let changes = 0;
  setHandler(orderChanged, () => {
    changes += 1;
  });
  let status = '';
  for (;;) {
    const seen = changes;
    const view = await readReturn(input);
    note(view);
    if (view.next.step === 'end') return;
    const changed = () => changes > seen;
    if (view.next.step === 'settleReturn') await settleReturn(input);
    else if (view.next.seconds === null) await condition(changed);
    else if (
      !(await condition(changed, `${view.next.seconds} seconds`, { summary: 'For the goods to come back' }))
    )
      await settleReturn(input);
  }

  function note(view: ReturnView): void {
    setCurrentDetails(view.details);
    if (view.status === status) return;
    status = view.status;
    upsertSearchAttributes([{ key: processStatusAttribute, value: status }]);
  }
}
