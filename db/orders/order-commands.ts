import { Failure } from '../../domain/failure.ts';
import { admitCommand } from '../../domain/orders/order-commands.ts';
import { readdress } from './fulfillments.ts';
import type { OpenOrder } from './open-order.ts';
import { isConfirming, isCustomerAwaited } from './order-money.ts';
import { reserveOrder, termOf, undo } from './order-steps.ts';
import type { Address } from './order.ts';
import { lockStock, releaseStock, reserveStock } from './reservations.ts';

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

export interface Amendment {
  /** New quantities of lines; 0 takes a line out. */
  lines: readonly { lineId: string; quantity: number }[];
  /** Takes out every line that is not to be had. */
  removeMissing: boolean;
  shippingAddress?: Address;
}

/**
 * Changes what was ordered: fewer units of a line, none of it, or another address for what has yet to leave. A line that was
 * missing is looked for again in its new quantity. With nothing missing any more the order goes on.
 *
 * @throws Failure `orders.order_state`, `orders.line_not_found`, `orders.line_not_raised`, `orders.quantity_exceeded`,
 *   `orders.nothing_left`, `orders.stock_short`
 */
export async function amendOrder(open: OpenOrder, amendment: Amendment): Promise<void> {
  const { order } = open;
  admitCommand('amend', order.status);
  const wanted = new Map(amendment.lines.map(({ lineId, quantity }) => [lineId, quantity]));
  if (amendment.removeMissing)
    for (const line of order.lines)
      if (line.missing && !wanted.has(line.id)) wanted.set(line.id, line.allocated);
  await lockStock(open);
  const cancelled = [];
  for (const [lineId, quantity] of wanted) {
    const line = open.line(lineId);
    if (!line) throw new Failure('orders.line_not_found', 'The order has no such line.', { line_id: lineId });
    const active = line.quantity - line.cancelled;
    const range = { line_id: lineId, from: line.allocated, to: active };
    if (quantity > active)
      throw new Failure(
        'orders.line_not_raised',
        'An order cannot get more or other things than were paid for. Place another order for them.',
        range,
      );
    if (quantity < line.allocated)
      throw new Failure('orders.quantity_exceeded', 'So many units of the line are being shipped.', range);
    if (quantity === active) continue;
    line.cancelled = line.quantity - quantity;
    cancelled.push({ line_id: lineId, quantity: active - quantity });
    if (line.missing) line.missing = quantity > line.allocated;
    else if (order.reservedAt !== null) await releaseStock(open, { lineId, units: active - quantity });
  }
  if (order.lines.every((line) => line.cancelled === line.quantity))
    throw new Failure('orders.nothing_left', 'Nothing would be left of the order. Cancel it.');
  if (amendment.shippingAddress) {
    order.shippingAddress = amendment.shippingAddress;
    readdress(open);
  }
  order.version += 1;
  open.tell('order.amended', { cancelled, address_changed: amendment.shippingAddress !== undefined });
  const changed = order.lines.filter(({ missing, id }) => missing && wanted.has(id));
  if (changed.length > 0) {
    await reserveStock(open);
    const short = order.lines.filter(({ missing, id }) => missing && wanted.has(id));
    if (short.length > 0)
      throw new Failure(
        'orders.stock_short',
        'There is not so much of it. Lower it further, or take it out.',
        {
          lines: short.map(({ id, sku }) => ({ line_id: id, sku })),
        },
      );
  }
  const isAnswered = !order.lines.some(({ missing }) => missing) && !isConfirming(order);
  if (order.status === 'customer_action_required' && isAnswered) open.move('processing', 'amended');
  open.follow('amended');
}
