import { Failure } from '../../domain/failure.ts';
import { amountDue, mostLines } from '../../domain/orders/lines.ts';
import { admitCommand } from '../../domain/orders/order-commands.ts';
import { coverOf } from './cover.ts';
import { readdress } from './fulfillments.ts';
import { insertLines, tellable, type NewLine } from './new-lines.ts';
import type { OpenOrder } from './open-order.ts';
import { holdOrder } from './order-commands.ts';
import { isConfirming, isGivenBack, refundedElsewhereOf } from './order-money.ts';
import type { Address, OrderLine } from './order.ts';
import { lockStock, releaseStock, reserveStock } from './reservations.ts';

export interface Amendment {
  /** New quantities of lines, at most what was ordered; 0 takes a line out. */
  lines: readonly { lineId: string; quantity: number }[];
  /** Takes out every line that is not to be had. */
  removeMissing: boolean;
  /** What is ordered besides. */
  addLines?: readonly NewLine[];
  shippingAddress?: Address;
}

/**
 * Changes what was ordered: fewer units of a line or none, more of it again, other things besides or instead, or another address
 * for what has yet to leave. More is possible as far as it is paid for: by what is held or was taken for the order. A line that was
 * missing is looked for again in its new quantity. With nothing missing any more the order goes on.
 *
 * @throws Failure `orders.order_state`, `orders.line_not_found`, `orders.line_not_raised`, `orders.lines_exceeded`,
 *   `orders.not_covered`, `orders.quantity_exceeded`, `orders.nothing_left`, `orders.stock_short`
 */
export async function amendOrder(open: OpenOrder, amendment: Amendment): Promise<void> {
  const { order, transaction } = open;
  admitCommand('amend', order.status);
  const wanted = new Map(amendment.lines.map(({ lineId, quantity }) => [lineId, quantity]));
  if (amendment.removeMissing)
    for (const line of order.lines)
      if (line.missing && !wanted.has(line.id)) wanted.set(line.id, line.allocated);
  const addLines = amendment.addLines ?? [];
  if (addLines.length > 0 && order.lines.length + addLines.length > mostLines)
    throw new Failure('orders.lines_exceeded', `An order has at most ${mostLines} lines.`, {
      most: mostLines,
    });
  const cover = coverOf(order);
  const added = await insertLines(
    transaction.sql,
    order,
    addLines,
    Math.max(...order.lines.map(({ position }) => position)) + 1,
  );
  order.lines.push(...added);
  await lockStock(open);
  const { cancelled, raised } = await changeQuantities(open, wanted);
  if (order.lines.every((line) => line.cancelled === line.quantity))
    throw new Failure('orders.nothing_left', 'Nothing would be left of the order. Cancel it.');
  const due = amountDue(order.lines, order.shipping);
  if (raised.length + added.length > 0 && cover !== null && due > cover)
    throw new Failure(
      'orders.not_covered',
      'It would cost more than what is held or was taken for the order. Place another order for the rest.',
      { due: String(due), covered: String(cover), currency: order.currency },
    );
  if (amendment.shippingAddress) {
    order.shippingAddress = amendment.shippingAddress;
    readdress(open);
  }
  order.version += 1;
  open.tell('order.amended', {
    cancelled,
    ...(raised.length > 0 ? { raised } : {}),
    ...(added.length > 0 ? { added: added.map(tellable) } : {}),
    address_changed: amendment.shippingAddress !== undefined,
  });
  const more = new Set([...raised.map(({ line_id: id }) => id), ...added.map(({ id }) => id)]);
  await requireStock(open, (line) => more.has(line.id) || (line.missing && wanted.has(line.id)));
  const isAnswered = !order.lines.some(({ missing }) => missing) && !isConfirming(order);
  if (order.status === 'customer_action_required' && isAnswered) {
    open.move('processing', 'amended');
    // Somebody may have given it all back while the customer was asked.
    if (isGivenBack(order) && refundedElsewhereOf(order) > 0n)
      await holdOrder(open, null, 'refunded_elsewhere');
  }
  open.follow('amended');
}

interface Units {
  line_id: string;
  quantity: number;
}

/** Gives lines other quantities. What is held for units that are not wanted any more is free. */
async function changeQuantities(
  open: OpenOrder,
  wanted: ReadonlyMap<string, number>,
): Promise<{ cancelled: Units[]; raised: Units[] }> {
  const cancelled: Units[] = [];
  const raised: Units[] = [];
  for (const [lineId, quantity] of wanted) {
    const line = open.line(lineId);
    if (!line) throw new Failure('orders.line_not_found', 'The order has no such line.', { line_id: lineId });
    const active = line.quantity - line.cancelled;
    const range = { line_id: lineId, from: line.allocated, to: line.quantity };
    if (quantity > line.quantity)
      throw new Failure(
        'orders.line_not_raised',
        'A line has at most the units that were ordered, at their price. Add a line for more.',
        range,
      );
    if (quantity < line.allocated)
      throw new Failure('orders.quantity_exceeded', 'So many units of the line are being shipped.', range);
    line.cancelled = line.quantity - quantity;
    if (quantity > active) raised.push({ line_id: lineId, quantity: quantity - active });
    if (quantity >= active) continue;
    cancelled.push({ line_id: lineId, quantity: active - quantity });
    if (line.missing) line.missing = quantity > line.allocated;
    else if (open.order.reservedAt !== null) await releaseStock(open, { lineId, units: active - quantity });
  }
  return { cancelled, raised };
}

/** Holds stock for lines. Before any was looked for, the order's process does so. */
async function requireStock(open: OpenOrder, isMeant: (line: OrderLine) => boolean): Promise<void> {
  const { order } = open;
  const meant = order.lines.filter(isMeant);
  if (meant.length === 0 || order.reservedAt === null) return;
  await reserveStock(open);
  const short = meant.filter(({ missing }) => missing);
  if (short.length > 0)
    throw new Failure('orders.stock_short', 'There is not so much of it. Lower it further, or take it out.', {
      lines: short.map(({ id, sku }) => ({ line_id: id, sku })),
    });
}
