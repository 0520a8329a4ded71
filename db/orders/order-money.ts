import { isBeforeShipping } from '../../domain/orders/fulfillment-status.ts';
import { amountDue, unallocatedUnits } from '../../domain/orders/lines.ts';
import { least, positive } from '../../domain/orders/money.ts';
import { isUndone } from '../../domain/orders/order-status.ts';
import { paymentStatus, type PaymentStatus } from '../../domain/orders/payment-status.ts';
import type { Fulfillment, Order, Payment } from './order.ts';

/** What was settled of one kind of payments with our processor. */
export function sumOf(order: Order, kind: Payment['kind']): bigint {
  return order.payments
    .filter((one) => one.kind === kind && one.state === 'settled')
    .reduce((sum, one) => sum + one.amount, 0n);
}

/** What was paid, to us or elsewhere. */
export function capturedOf(order: Order): bigint {
  return sumOf(order, 'capture') + order.externalPaid;
}

/** What was given back, by us or elsewhere: never more than was paid, whatever is told. */
export function refundedOf(order: Order): bigint {
  const ours = order.payments.filter((one) => isRefundOfOurs(one) && one.state === 'settled');
  return least(sumAmounts(ours) + order.externalRefunded, capturedOf(order));
}

/** Whether all that was paid for an order was given back, by us or elsewhere, and nobody is asked for it. */
export function isGivenBack(order: Order): boolean {
  const paid = capturedOf(order);
  return paid >= dueOf(order) && refundedOf(order) >= paid;
}

/** A refund of what was paid to us. */
export function isRefundOfOurs({ kind, parentId }: Payment): boolean {
  return kind === 'refund' && parentId !== null;
}

/**
 * What was given back by others, as they tell it. What a shop and a processor tell of one order may be the same money, so it
 * is as much as the one says who says more.
 */
export function refundedElsewhereOf({ payments }: Order): bigint {
  const sums = new Map<string, bigint>();
  for (const { cause, state, key, amount } of payments) {
    if (cause !== 'elsewhere' || state !== 'settled') continue;
    const teller = key.split(':')[2] ?? '';
    sums.set(teller, (sums.get(teller) ?? 0n) + amount);
  }
  return [...sums.values()].reduce((most, sum) => (sum > most ? sum : most), 0n);
}

/** The same of what was paid to others, as far as we know that it was paid. */
export function externalRefundedOf(order: Order): bigint {
  return least(refundedElsewhereOf(order), order.externalPaid);
}

/** What is to be paid for everything that was not cancelled. */
export function dueOf(order: Order): bigint {
  const due = amountDue(order.lines, order.shipping) - order.credit;
  return due > 0n ? due : 0n;
}

/** What of the credit sets nothing off: what was ordered for it is cancelled or lost. */
export function creditLeftOf(order: Order): bigint {
  const { status, credit } = order;
  if (credit === 0n || isUndone(status)) return credit;
  const worth = worthWithoutLost(order);
  return worth < credit ? credit - worth : 0n;
}

/** What everything costs that is neither cancelled nor lost. */
export function worthWithoutLost({ lines, shipping }: Order): bigint {
  const arriving = lines.map((line) => ({ ...line, cancelled: line.cancelled + line.undeliverable }));
  return amountDue(arriving, shipping);
}

/** How the payment of an order stands, all of it taken together. */
export function paymentStatusOf(order: Order): PaymentStatus {
  const authorizations = order.payments.filter(({ kind }) => kind === 'authorize');
  return paymentStatus({
    due: dueOf(order),
    authorized: sumOf(order, 'authorize'),
    captured: capturedOf(order),
    refunded: refundedOf(order),
    voided: order.payments.some(({ kind, state }) => kind === 'void' && state === 'settled'),
    declined: authorizations.at(-1)?.state === 'failed',
    disputed: order.disputed,
  });
}

/** Whether a deadline runs: the customer has something to say, to confirm or to pay. */
export function isCustomerAwaited(order: Order): boolean {
  const { status, payment } = order;
  if (status === 'customer_action_required') return true;
  if (status !== 'pending' && status !== 'processing') return false;
  if (payment.mode === 'external') return capturedOf(order) < dueOf(order);
  return isConfirming(order);
}

/** Whether the customer's bank wants to hear from the customer before it holds the money. */
export function isConfirming({ payments }: Order): boolean {
  return payments.some(({ state }) => state === 'action_required');
}

/** The authorisation that is drawn on. */
export function authorizationOf(order: Order): Payment | null {
  return order.payments.find(({ kind, state }) => kind === 'authorize' && state === 'settled') ?? null;
}

/** The authorisation that its customer has yet to confirm. */
export function unconfirmedOf(order: Order): Payment | null {
  return order.payments.find(({ state }) => state === 'action_required') ?? null;
}

/** Whether nothing more will be taken of what is held, once a package is paid: then the processor lets go of the rest. */
export function isLastCapture({ fulfillments, lines }: Order, fulfillmentId: string | null): boolean {
  return (
    lines.every((line) => unallocatedUnits(line) === 0) &&
    fulfillments.every((one) => one.id === fulfillmentId || !isBeforeShipping(one.status))
  );
}

/**
 * What is to be taken for a package: what it costs, less what was taken already for one that was called off, and never more
 * than is held.
 */
export function amountToTake(order: Order, { amount }: Fulfillment, authorization: Payment): bigint {
  const captured = sumOf(order, 'capture');
  const corrected = order.payments
    .filter(({ kind, cause, state }) => kind === 'refund' && cause === 'correction' && state !== 'failed')
    .reduce((sum, one) => sum + one.amount, 0n);
  const most = [authorization.amount - captured, dueOf(order) - captured + corrected];
  return positive(most.reduce(least, amount));
}

/** What is held of the customer's money and will not be taken any more. */
export function heldInVain(order: Order): bigint {
  const authorization = authorizationOf(order) ?? unconfirmedOf(order);
  const captures = order.payments.filter(({ kind, state }) => kind === 'capture' && state === 'settled');
  if (authorization === null || captures.some(({ final }) => final)) return 0n;
  if (order.payments.some(({ kind }) => kind === 'void')) return 0n;
  const isOver = isUndone(order.status) || order.status === 'completed';
  if (!isOver && (captures.length === 0 || !isLastCapture(order, null))) return 0n;
  return captures.reduce((left, { amount }) => left - amount, authorization.amount);
}

export function sumAmounts(payments: readonly Payment[]): bigint {
  return payments.reduce((sum, { amount }) => sum + amount, 0n);
}
