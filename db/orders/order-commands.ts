import { Failure } from '../../domain/failure.ts';
import { admitCommand } from '../../domain/orders/order-commands.ts';
import type { OpenOrder } from './open-order.ts';
import { isCustomerAwaited } from './order-money.ts';
import { reserveOrder, termOf, undo } from './order-steps.ts';

/**
 * Cancels an order of which nothing has left.
 *
 * @param reason a code
 * @param note why, in the words of whoever wants it
 * @throws Failure `orders.order_state`
 */
export async function cancelOrder(
  open: OpenOrder,
  reason: string,
  note: string | null = null,
): Promise<void> {
  if (admitCommand('cancel', open.order.status)) await undo(open, 'cancelled', reason, { note });
}

/**
 * Holds an order back. Its deadline rests, and starts again when it is released.
 *
 * @param note why, in the words of whoever wants it
 * @param reason a code
 * @throws Failure `orders.order_state`, also when a missing item has to be decided upon first
 */
export async function holdOrder(
  open: OpenOrder,
  note: string | null = null,
  reason = 'asked_for',
): Promise<void> {
  const { order } = open;
  if (!admitCommand('hold', order.status)) return;
  // What is held back keeps its stock, so that it can go on; and a question to the customer comes before a rest.
  await reserveOrder(open);
  if (order.lines.some(({ missing }) => missing))
    throw new Failure('orders.order_state', 'An item of the order is missing: its customer is asked first.', {
      order_status: order.status,
    });
  order.holdReason = note ?? reason;
  open.move('on_hold', reason, {}, note);
}

/** Lets an order go on that was held back. @throws Failure `orders.order_state` */
export function releaseOrder(open: OpenOrder): void {
  admitCommand('release', open.order.status);
  open.order.holdReason = null;
  open.move('processing', 'released');
  if (isCustomerAwaited(open.order)) open.order.deadlineAt = termOf(open);
  open.tell('order.released');
}
