import { v7 as uuidv7 } from 'uuid';
import type { OpenOrder } from './open-order.ts';
import { unconfirmedOf } from './order-money.ts';
import type { Order, Payment, RefundCause, RefundLine } from './order.ts';
import { overpaidOf, refundableOf } from './refund-money.ts';

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
  final?: boolean;
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
    action: null,
    attempts: 0,
    final: given.final ?? false,
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
  /** Nothing is held yet: the customer has to confirm it with the bank. */
  | { outcome: 'action_required'; reference: string; action: string }
  | { outcome: 'declined'; code: string };

/** Step three: the outcome is known. Once settled it stays, whatever comes again. */
export function settlePayment(open: OpenOrder, paymentId: string, outcome: PaymentOutcome): Payment {
  const { order } = open;
  const payment = paymentOf(order, paymentId);
  if (payment.state === 'settled' || payment.state === 'failed') return payment;
  if (outcome.outcome === 'action_required') {
    payment.action = outcome.action;
    return awaitCustomer(open, payment, outcome.reference);
  }
  const canTryAgain = payment.reference !== null && payment.kind === 'authorize';
  if (canTryAgain && outcome.outcome === 'declined' && outcome.code !== 'authorization_expired') {
    open.tell('order.payment_failed', {
      amount: String(payment.amount),
      currency: order.currency,
      code: outcome.code,
    });
    return awaitCustomer(open, payment, payment.reference ?? '');
  }
  payment.settledAt = open.now;
  payment.action = null;
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
    if (payment.kind === 'refund') tellFailedRefund(open, payment);
    return payment;
  }
  if (payment.kind === 'authorize') {
    open.tell('order.payment_authorized', facts);
    tellReference(open, payment);
  }
  if (payment.kind === 'capture')
    open.tell('order.payment_captured', { ...facts, fulfillment_id: payment.fulfillmentId });
  if (payment.kind === 'void') {
    open.tell('order.payment_voided', facts);
    const unconfirmed = unconfirmedOf(order);
    if (unconfirmed) {
      unconfirmed.state = 'failed';
      unconfirmed.code = 'voided';
      unconfirmed.action = null;
      open.touchPayment(unconfirmed);
    }
  }
  if (payment.kind === 'refund')
    open.tell('order.refunded', {
      ...facts,
      refund_id: payment.id,
      cause: payment.cause,
      lines: payment.lines ?? [],
    });
  return payment;
}

/** A refund that had succeeded was sent back by the customer's bank after all. */
export function failRefund(open: OpenOrder, refund: Payment, code: string | null): void {
  refund.state = 'failed';
  refund.code = code;
  refund.settledAt = open.now;
  open.touchPayment(refund);
  tellFailedRefund(open, refund);
}

function tellFailedRefund(open: OpenOrder, refund: Payment): void {
  open.tell('order.refund_failed', {
    amount: String(refund.amount),
    currency: open.order.currency,
    refund_id: refund.id,
    external_refund_id: refund.reference,
    code: refund.code,
  });
  giveUnitsBack(open, refund);
}

/**
 * Nothing is held yet: the customer has to confirm it, and may try again, with another card too, until the deadline of the
 * order.
 */
function awaitCustomer(open: OpenOrder, payment: Payment, reference: string): Payment {
  payment.state = 'action_required';
  payment.settledAt = null;
  open.touchPayment(payment);
  if (payment.reference !== reference) {
    payment.reference = reference;
    tellReference(open, payment);
  }
  return payment;
}

/** As webhooks name it, which may speak of it from now on. */
function tellReference(open: OpenOrder, { reference }: Payment): void {
  if (reference?.startsWith('pi_'))
    open.tell('order.external_ids_added', { external_ids: [`stripe:payment_intent:${reference}`] });
}

/**
 * Units whose refund came to nothing can be refunded again. Of a refund that is drawn on several payments, only when none of
 * them was given back: otherwise what is left of it is an amount, and no number of units.
 */
function giveUnitsBack(open: OpenOrder, failed: Payment): void {
  const { payments } = open.order;
  // What others have given back was of their own reckoning.
  if (failed.cause === 'elsewhere') return;
  const base = failed.key.replace(/:\d+$/, '');
  const parts = payments.filter(({ key }) => key === base || key.startsWith(`${base}:`));
  if (parts.some(({ state }) => state !== 'failed')) return;
  for (const { line_id: lineId, quantity } of parts.flatMap(({ lines }) => lines ?? [])) {
    const line = open.line(lineId);
    if (line) line.refunded -= quantity;
  }
}

export function paymentOf(order: Order, id: string): Payment {
  const payment = order.payments.find((one) => one.id === id);
  if (!payment) throw new Error('An order has no such payment.');
  return payment;
}

/** Something was told of a payment that waits for its customer: it is to be looked up. */
export function askAgain(open: OpenOrder, payment: Payment): void {
  payment.state = 'unknown';
  open.touchPayment(payment);
}

/** A call whose outcome is not known. Refunds that people ask for have a process of their own. */
export function openPaymentOf(order: Order): string | null {
  const open = order.payments.find(
    ({ state, cause }) =>
      (state === 'reserved' || state === 'unknown') && (cause === null || cause === 'correction'),
  );
  return open?.id ?? null;
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
