import { unallocatedUnits } from '../../domain/orders/lines.ts';
import { takeOut } from './fulfillments.ts';
import type { OpenOrder } from './open-order.ts';
import { cancelOrder } from './order-commands.ts';
import { isConfirming } from './order-money.ts';
import { lockStock, releaseStock, reserveStock } from './reservations.ts';

/**
 * Takes units out of an order that have not left and shall not any more, because somebody else has decided so: also out of
 * packages that are ready. Their stock is free again. An order of which nothing would be left is cancelled.
 *
 * @param units by line; no more than have not left
 * @param reason a code
 */
export async function removeUnits(
  open: OpenOrder,
  units: ReadonlyMap<string, number>,
  reason: string,
): Promise<void> {
  const { order } = open;
  if (units.size === 0) return;
  if (order.lines.every(({ id, quantity, cancelled }) => cancelled + (units.get(id) ?? 0) === quantity))
    return await cancelOrder(open, reason);
  await lockStock(open);
  for (const line of order.lines) {
    const removed = units.get(line.id);
    if (removed === undefined) continue;
    takeOut(open, line.id, removed - unallocatedUnits(line), reason);
    line.cancelled += removed;
    if (line.missing) line.missing = unallocatedUnits(line) > 0;
    else if (order.reservedAt !== null) await releaseStock(open, { lineId: line.id, units: removed });
  }
  order.version += 1;
  const cancelled = [...units].map(([lineId, quantity]) => ({ line_id: lineId, quantity }));
  open.tell('order.amended', { reason, cancelled });
  // What was too much may be there as it is now.
  if (order.lines.some(({ missing }) => missing)) await reserveStock(open);
  const isAnswered = !order.lines.some(({ missing }) => missing) && !isConfirming(order);
  if (order.status === 'customer_action_required' && isAnswered) open.move('processing', 'amended');
  open.follow(reason);
}
