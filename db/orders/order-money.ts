import { isBeforeShipping } from '../../domain/orders/fulfillment-status.ts';
import { amountDue, costOfUnits, lostAndRefundedUnits, unallocatedUnits } from '../../domain/orders/lines.ts';
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

/** What was given back, by us or elsewhere. */
export function refundedOf(order: Order): bigint {
  return sumOf(order, 'refund') + order.externalRefunded;
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
function worthWithoutLost({ lines, shipping }: Order): bigint {
  const arriving = lines.map((line) => ({ ...line, cancelled: line.cancelled + line.undeliverable }));
  return amountDue(arriving, shipping);
}

/** What was paid to somebody else for what will not come any more, and is for them to give back. */
export function overpaidElsewhereOf(order: Order): bigint {
  const over = order.externalPaid - order.externalRefunded - dueWithoutLost(order);
  return over > 0n ? over : 0n;
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
  const least = most.reduce((a, b) => (a < b ? a : b), amount);
  return least > 0n ? least : 0n;
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

/**
 * What of a payment has not been refunded, and is not about to be. Of the whole order, also what was set off against the
 * order of an exchange is given back already.
 */
export function refundableOf(order: Order, parentId?: string): bigint {
  const of = (
    kind: Payment['kind'],
    states: Payment['state'][],
    matches: (one: Payment) => boolean,
  ): bigint =>
    order.payments
      .filter((one) => one.kind === kind && states.includes(one.state) && matches(one))
      .reduce((sum, one) => sum + one.amount, 0n);
  const captured = of('capture', ['settled'], (one) => parentId === undefined || one.id === parentId);
  const refunded = of(
    'refund',
    ['reserved', 'unknown', 'settled'],
    (one) => parentId === undefined || one.parentId === parentId,
  );
  return captured - refunded - (parentId === undefined ? exchangedFromOurs(order) : 0n);
}

/** What was set off against exchanges is drawn first on what we have not taken ourselves and can't give back. */
function exchangedFromOurs(order: Order): bigint {
  const others = notOurs(order);
  return order.exchanged > others ? order.exchanged - others : 0n;
}

/** Paid to somebody else, or with what was sent back of an earlier order. */
function notOurs({ externalPaid, externalRefunded, credit, creditLeft }: Order): bigint {
  return externalPaid - externalRefunded + credit - creditLeft;
}

/** What of all that was paid, to whomever, is neither given back nor set off against an exchange. */
export function worthLeftOf(order: Order): bigint {
  const others = notOurs(order);
  return refundableOf(order) + (order.exchanged < others ? others - order.exchanged : 0n);
}

/** Money that was taken for what will not come any more, and is not being given back yet. */
export function overpaidOf(order: Order): bigint {
  const corrected = order.payments
    .filter(({ kind, cause }) => kind === 'refund' && cause === 'correction')
    .reduce((sum, one) => sum + one.amount, 0n);
  const over = sumOf(order, 'capture') - corrected - dueWithoutLost(order) - refundedOfLost(order);
  const refundable = refundableOf(order);
  const most = over < refundable ? over : refundable;
  return most > 0n ? most : 0n;
}

/** What was given back for lost units when somebody asked for it, before they were known to be lost. */
function refundedOfLost(order: Order): bigint {
  return order.lines.reduce((sum, line) => {
    const kept = line.refunded - lostAndRefundedUnits(line);
    return sum + costOfUnits(line, line.refunded) - costOfUnits(line, kept);
  }, 0n);
}

function dueWithoutLost(order: Order): bigint {
  const due = isUndone(order.status) ? 0n : worthWithoutLost(order) - order.credit;
  return due > 0n ? due : 0n;
}
