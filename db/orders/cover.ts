import { amountDue } from '../../domain/orders/lines.ts';
import { hasShipped } from '../../domain/orders/order-status.ts';
import { capturedOf, dueOf, sumAmounts } from './order-money.ts';
import type { Order } from './order.ts';

/**
 * What an order may come to, its credit included, without anybody paying more: what is held for it or was taken, and not given
 * back. An order has one authorisation, for an amount that processors do not raise.
 *
 * @returns null while nothing is held or paid yet: whatever it comes to is asked for then
 */
export function coverOf(order: Order): bigint | null {
  const { payments, payment, credit, externalPaid, externalRefunded } = order;
  // What is over of the credit of an exchange may have been given back on the first order.
  if (credit > 0n) return amountDue(order.lines, order.shipping);
  if (payment.mode === 'external')
    return capturedOf(order) < dueOf(order) ? null : externalPaid - externalRefunded;
  const live = payments.filter(({ state }) => state !== 'failed');
  const authorization = live.findLast(({ kind }) => kind === 'authorize');
  // What has left in part cannot fail any more, as it would if nobody paid the rest.
  if (!authorization) return hasShipped(order.status) ? dueOf(order) : null;
  const givenBack = live.filter(
    ({ kind, cause }) => kind === 'refund' && (cause === 'correction' || cause === 'elsewhere'),
  );
  const captures = live.filter(({ kind }) => kind === 'capture');
  const isLetGo = captures.some(({ final }) => final) || live.some(({ kind }) => kind === 'void');
  return (isLetGo ? sumAmounts(captures) : authorization.amount) - sumAmounts(givenBack);
}
