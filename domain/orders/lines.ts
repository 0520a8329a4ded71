import { shareOf, type Minor } from './money.ts';
import type { UnitCounts } from './order-status.ts';

/** Lines that an order may have: what they cost together is within what PostgreSQL counts. */
export const mostLines = 200;

/** What was ordered of one thing, and how far each unit of it has come. */
export interface LineQuantities {
  /** As ordered; never changes. */
  quantity: number;
  cancelled: number;
  /** In fulfilments that were not cancelled. Shipped units are among them. */
  allocated: number;
  shipped: number;
  delivered: number;
  /** Shipped, and lost or sent back by the carrier. */
  undeliverable: number;
  /** In returns that were not declined. */
  returning: number;
  returned: number;
}

export interface LinePrice {
  unitPrice: Minor;
  /** Of the whole line. */
  discount: Minor;
  tax: Minor;
  quantity: number;
}

/** Units that can still be cancelled or put into a fulfilment. */
export function unallocatedUnits({ quantity, cancelled, allocated }: LineQuantities): number {
  return quantity - cancelled - allocated;
}

/** Units that the customer has and is not sending back already. */
export function returnableUnits({ delivered, returning }: LineQuantities): number {
  return delivered - returning;
}

/** Units that can be refunded: they left, were not lost – which is refunded by itself – and are not refunded yet. */
export function refundableUnits(line: LineQuantities & { refunded: number }): number {
  return Math.max(0, line.shipped - line.undeliverable - line.refunded);
}

/** Units that were refunded when somebody asked for it, and were lost after that. */
export function lostAndRefundedUnits(line: LineQuantities & { refunded: number }): number {
  return Math.max(0, line.refunded - (line.shipped - line.undeliverable));
}

export function unitCounts(lines: readonly LineQuantities[]): UnitCounts {
  const counts = { active: 0, shipped: 0, delivered: 0 };
  for (const line of lines) {
    counts.active += line.quantity - line.cancelled - line.undeliverable;
    counts.shipped += line.shipped - line.undeliverable;
    counts.delivered += line.delivered;
  }
  return counts;
}

/** What a whole line costs. */
export function lineTotal({ unitPrice, discount, tax, quantity }: LinePrice): Minor {
  return unitPrice * BigInt(quantity) - discount + tax;
}

/** What the first `units` of a line cost. Parts of a line add up to its total, whatever the rounding. */
export function costOfUnits(line: LinePrice, units: number): Minor {
  return shareOf(lineTotal(line), units, line.quantity);
}

/** What is to be paid for what was not cancelled. */
export function amountDue(
  lines: readonly (LinePrice & Pick<LineQuantities, 'cancelled'>)[],
  shipping: Minor,
): Minor {
  let due = 0n;
  let active = 0;
  for (const line of lines) {
    active += line.quantity - line.cancelled;
    due += costOfUnits(line, line.quantity - line.cancelled);
  }
  return active === 0 ? 0n : due + shipping;
}
