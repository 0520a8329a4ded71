import { v7 as uuidv7 } from 'uuid';
import type { OpenOrder } from './open-order.ts';
import { dueOf } from './open-order.ts';
import { amountDue, costOfUnits, lostAndRefundedUnits } from '../../domain/orders/lines.ts';
import { isUndone } from '../../domain/orders/order-status.ts';
import type { Order, Payment, RefundCause, RefundLine } from './order.ts';

export interface NewPayment {
  kind: Payment['kind'];
  /** What it is for. A second one under the same key is the first one. */
  key: string;
  amount: bigint;
  parentId: string | null;
  fulfillmentId?: string | null;
  cause?: RefundCause;
  lines?: RefundLine[];
  reason?: string | null;
}

/** Step one of three: writes down the call that is to be made. */
export function reservePayment(open: OpenOrder, given: NewPayment): Payment {
  const known = open.order.payments.find(({ key }) => key === given.key);
  if (known) return known;
  const payment: Payment = {
    id: uuidv7(),
    kind: given.kind,
    key: given.key,
    amount: given.amount,
    state: 'reserved',
    reference: null,
    parentId: given.parentId,
    fulfillmentId: given.fulfillmentId ?? null,
    cause: given.cause ?? null,
    lines: given.lines ?? null,
    reason: given.reason ?? null,
    code: null,
    attempts: 0,
    createdBy: open.actor.userId,
    createdAt: open.now,
    settledAt: null,
  };
  open.order.payments.push(payment);
  open.touchPayment(payment);
  return payment;
}

/** The call is about to be made. From here on nobody knows its outcome until it is settled. */
export function beginPayment(open: OpenOrder, paymentId: string): Payment {
  const payment = paymentOf(open.order, paymentId);
  if (payment.state === 'reserved' || payment.state === 'unknown') {
    payment.state = 'unknown';
    payment.attempts += 1;
    open.touchPayment(payment);
  }
  return payment;
}

/** What the processor has said of a call, or of one that it was asked about. */
export type PaymentOutcome =
  | { outcome: 'succeeded'; reference: string }
  | { outcome: 'declined'; code: string };

/** Step three: the outcome is known. Once settled it stays, whatever comes again. */
export function settlePayment(open: OpenOrder, paymentId: string, outcome: PaymentOutcome): Payment {
  const { order } = open;
  const payment = paymentOf(order, paymentId);
  if (payment.state === 'settled' || payment.state === 'failed') return payment;
  payment.settledAt = open.now;
  if (outcome.outcome === 'succeeded') {
    payment.state = 'settled';
    payment.reference = outcome.reference;
  } else {
    payment.state = 'failed';
    payment.code = outcome.code;
  }
  open.touchPayment(payment);
  const facts = { amount: String(payment.amount), currency: order.currency };
  if (payment.state === 'failed') {
    if (payment.kind === 'authorize' || payment.kind === 'capture')
      open.tell('order.payment_failed', { ...facts, code: payment.code });
    if (payment.kind === 'refund')
      open.tell('order.refund_failed', { ...facts, refund_id: payment.id, code: payment.code });
    return payment;
  }
  if (payment.kind === 'authorize') {
    open.tell('order.payment_authorized', facts);
    // As webhooks name it, which may speak of it from now on.
    if (payment.reference?.startsWith('pi_'))
      open.tell('order.external_ids_added', { external_ids: [`stripe:payment_intent:${payment.reference}`] });
  }
  if (payment.kind === 'capture')
    open.tell('order.payment_captured', { ...facts, fulfillment_id: payment.fulfillmentId });
  if (payment.kind === 'void') open.tell('order.payment_voided', facts);
  if (payment.kind === 'refund')
    open.tell('order.refunded', {
      ...facts,
      refund_id: payment.id,
      cause: payment.cause,
      lines: payment.lines ?? [],
    });
  return payment;
}

export function paymentOf(order: Order, id: string): Payment {
  const payment = order.payments.find((one) => one.id === id);
  if (!payment) throw new Error('An order has no such payment.');
  return payment;
}

/** The authorisation that is drawn on. */
export function authorizationOf(order: Order): Payment | null {
  return order.payments.find(({ kind, state }) => kind === 'authorize' && state === 'settled') ?? null;
}

/** A call whose outcome is not known. Refunds that people ask for have a process of their own. */
export function openPaymentOf(order: Order): string | null {
  const open = order.payments.find(
    ({ state, cause }) =>
      (state === 'reserved' || state === 'unknown') && (cause === null || cause === 'correction'),
  );
  return open?.id ?? null;
}

/** What of a payment has not been refunded, and is not about to be. */
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
  return captured - refunded;
}

/** Money that was taken for what will not come any more, and is not being given back yet. */
export function overpaidOf(order: Order): bigint {
  const captured = order.payments
    .filter(({ kind, state }) => kind === 'capture' && state === 'settled')
    .reduce((sum, one) => sum + one.amount, 0n);
  const corrected = order.payments
    .filter(({ kind, cause }) => kind === 'refund' && cause === 'correction')
    .reduce((sum, one) => sum + one.amount, 0n);
  const over = captured - corrected - dueWithoutLost(order) - refundedOfLost(order);
  const refundable = refundableOf(order);
  return over < refundable ? (over > 0n ? over : 0n) : refundable;
}

/** What was given back for lost units when somebody asked for it, before they were known to be lost. */
function refundedOfLost(order: Order): bigint {
  return order.lines.reduce((sum, line) => {
    const kept = line.refunded - lostAndRefundedUnits(line);
    return sum + costOfUnits(line, line.refunded) - costOfUnits(line, kept);
  }, 0n);
}

function dueWithoutLost(order: Order): bigint {
  if (isUndone(order.status)) return 0n;
  if (order.lines.every(({ undeliverable }) => undeliverable === 0)) return dueOf(order);
  const lines = order.lines.map((line) => ({ ...line, cancelled: line.cancelled + line.undeliverable }));
  const due = amountDue(lines, order.shipping) - order.credit;
  return due > 0n ? due : 0n;
}

/**
 * Writes down the refunds that give back what was taken too much, drawn on the latest captures first. The refund of a
 * package that never left, or never came, is known by the package.
 */
export function reserveCorrections(open: OpenOrder): Payment[] {
  const { order } = open;
  let left = overpaidOf(order);
  const reserved: Payment[] = [];
  const captures = order.payments.filter(({ kind, state }) => kind === 'capture' && state === 'settled');
  const gone = captures.filter(({ fulfillmentId }) => {
    const status = open.fulfillment(fulfillmentId ?? '')?.status;
    return status !== undefined && status !== 'shipped' && status !== 'delivered';
  });
  for (const capture of [...gone, ...captures.toReversed().filter((one) => !gone.includes(one))]) {
    const refundable = refundableOf(order, capture.id);
    const amount = left < refundable ? left : refundable;
    if (amount <= 0n) continue;
    left -= amount;
    const subject = capture.fulfillmentId ?? order.id;
    const base = `refund:${subject}`;
    const times = order.payments.filter(({ key }) => key === base || key.startsWith(`${base}:`)).length;
    reserved.push(
      reservePayment(open, {
        kind: 'refund',
        key: times === 0 ? base : `${base}:${times + 1}`,
        amount,
        parentId: capture.id,
        fulfillmentId: capture.fulfillmentId,
        cause: 'correction',
        reason: order.status,
      }),
    );
  }
  return reserved;
}
