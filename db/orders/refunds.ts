import { Failure } from '../../domain/failure.ts';
import { costOfUnits, refundableUnits } from '../../domain/orders/lines.ts';
import { least } from '../../domain/orders/money.ts';
import type { OpenOrder } from './open-order.ts';
import type { Payment, RefundCause, RefundLine } from './order.ts';
import { reservePayment } from './payments.ts';
import { refundableOf, refundsToSetOff } from './refund-money.ts';

export interface NewRefund {
  /** What it is for, in words of the business. A second refund under the same key is the first one. */
  key: string;
  amount: bigint;
  cause: RefundCause;
  lines: RefundLine[];
  reason: string | null;
}

/**
 * Writes down that money is given back, drawn on the latest captures first. Never more than was taken and is not given
 * back already.
 *
 * @throws Failure `orders.refund_exceeded`
 */
export function reserveRefund(open: OpenOrder, given: NewRefund): Payment[] {
  const { order } = open;
  const known = order.payments.filter(({ key }) => key === given.key || key.startsWith(`${given.key}:`));
  if (known.length > 0) return known;
  const most = refundableOf(order);
  if (given.amount > most)
    throw new Failure('orders.refund_exceeded', 'So much was not paid, or it was given back already.', {
      refundable: String(most),
      currency: order.currency,
    });
  let left = given.amount;
  const reserved: Payment[] = [];
  for (const capture of order.payments
    .filter(({ kind, state }) => kind === 'capture' && state === 'settled')
    .toReversed()) {
    const refundable = refundableOf(order, capture.id);
    const amount = left < refundable ? left : refundable;
    if (amount <= 0n) continue;
    left -= amount;
    reserved.push(
      reservePayment(open, {
        kind: 'refund',
        key: reserved.length === 0 ? given.key : `${given.key}:${reserved.length + 1}`,
        amount,
        parentId: capture.id,
        fulfillmentId: capture.fulfillmentId,
        cause: given.cause,
        lines: reserved.length === 0 ? given.lines : [],
        reason: given.reason,
      }),
    );
  }
  return reserved;
}

/**
 * What units are worth that were paid for and not refunded yet, and marks them as refunded: so that no unit is refunded
 * twice, and all units of a line together are worth the line.
 *
 * @throws Failure `orders.line_not_found`, `orders.quantity_exceeded`
 */
export function takeRefundable(open: OpenOrder, lines: readonly RefundLine[]): bigint {
  let amount = 0n;
  for (const { line_id: lineId, quantity } of lines) {
    const line = open.line(lineId);
    if (!line) throw new Failure('orders.line_not_found', 'The order has no such line.', { line_id: lineId });
    const left = refundableUnits(line);
    if (quantity > left)
      throw new Failure(
        'orders.quantity_exceeded',
        'So many units of this line were not paid for, or are refunded.',
        {
          line_id: lineId,
          left,
        },
      );
    amount += costOfUnits(line, line.refunded + quantity) - costOfUnits(line, line.refunded);
    line.refunded += quantity;
  }
  return amount;
}

/**
 * Sets off against what a return pays back what others have given back already: so that the customer gets it once.
 *
 * @returns how much of the amount is given back already
 */
export function setOffElsewhere(open: OpenOrder, amount: bigint, returnId: string): bigint {
  const { order } = open;
  const off = least(amount, refundsToSetOff(order));
  if (off <= 0n) return 0n;
  order.refundsSetOff += off;
  open.tell('order.refund_set_off', {
    amount: String(off),
    currency: order.currency,
    return_id: returnId,
  });
  return off;
}
