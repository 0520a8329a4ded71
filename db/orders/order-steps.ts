import { unallocatedUnits } from '../../domain/orders/lines.ts';
import { nextStep, type OrderStanding, type OrderStep } from '../../domain/orders/next-step.ts';
import { hasShipped, isTerminal } from '../../domain/orders/order-status.ts';
import { callOff, callOffAll } from './fulfillments.ts';
import type { OpenOrder } from './open-order.ts';
import {
  authorizationOf,
  capturedOf,
  dueOf,
  heldInVain,
  isConfirming,
  isCustomerAwaited,
} from './order-money.ts';
import type { Fulfillment, Order, Payment, ProcessProblem } from './order.ts';
import { openPaymentOf, settlePayment, type PaymentOutcome } from './payments.ts';
import { overpaidOf } from './refund-money.ts';
import { releaseStock, reserveStock } from './reservations.ts';

/** A carrier that says nothing for so long is asked: they tell us by webhook, which can be lost. */
const trackAfterSeconds = 24 * 60 * 60;

/** What an order's process does next. */
export function stepOf(order: Order, trackSeconds = trackAfterSeconds): OrderStep {
  return nextStep(standingOf(order), { now: order.readAt.getTime(), trackSeconds });
}

export function standingOf(order: Order): OrderStanding {
  const due = dueOf(order);
  const authorization = authorizationOf(order);
  return {
    status: order.status,
    reserved: order.reservedAt !== null,
    missing: order.lines.some(({ missing }) => missing),
    deadline: order.deadlineAt?.toISOString() ?? null,
    payment: {
      mode: order.payment.mode,
      capture: order.payment.capture,
      due: due > 0n,
      authorized: authorization !== null,
      paid: capturedOf(order) >= due,
      open: openPaymentOf(order),
      overpaid: overpaidOf(order) > 0n,
      toVoid: heldInVain(order) > 0n,
      confirming: isConfirming(order),
    },
    fulfillments: order.fulfillments.map((one) => ({
      id: one.id,
      status: one.status,
      labelled: one.labelState === 'requested' || one.labelState === 'bought',
      waiting: one.labelState === 'waiting',
      labelRetryAt: one.labelRetryAt?.toISOString() ?? null,
      heardAt: heardAt(one),
    })),
    unallocated: order.lines.reduce((sum, line) => sum + unallocatedUnits(line), 0),
    shipping: order.fulfillmentMode,
  };
}

/** When something was last heard of a package whose carrier can be asked. */
function heardAt({ labelState, trackedAt, shippedAt }: Fulfillment): string | null {
  const last = trackedAt !== null && shippedAt !== null && trackedAt > shippedAt ? trackedAt : shippedAt;
  return labelState === 'bought' ? (last?.toISOString() ?? null) : null;
}

/** Holds what is to be had, and gives the payer of an order that is paid elsewhere a term. Nothing when it is done. */
export async function reserveOrder(open: OpenOrder): Promise<void> {
  const { order } = open;
  if (order.reservedAt !== null || isTerminal(order.status)) return;
  await reserveStock(open);
  if (order.payment.mode === 'external' && capturedOf(order) < dueOf(order)) order.deadlineAt = termOf(open);
}

/** Until when a customer has time who is asked now. */
export function termOf({ now, order }: OpenOrder): Date {
  return new Date(now.getTime() + order.actionSeconds * 1_000);
}

/** Stock is looked for and the money is safe: the order is worked on, or its customer is asked. */
export function openForWork(open: OpenOrder): void {
  const { order } = open;
  if (order.status !== 'pending') return;
  if (!order.lines.some(({ missing }) => missing)) return open.move('processing', 'ready');
  order.deadlineAt = termOf(open);
  open.move('customer_action_required', 'items_missing', askedFacts(open));
}

function askedFacts({ order }: OpenOrder): Record<string, unknown> {
  return {
    deadline: order.deadlineAt?.toISOString() ?? null,
    lines: order.lines.filter(({ missing }) => missing).map(({ id, sku }) => ({ line_id: id, sku })),
  };
}

/** The customer's bank wants to hear from the customer, who gets a term for it. Nothing else is asked meanwhile. */
function awaitConfirmation(open: OpenOrder): void {
  const { order } = open;
  if (!isConfirming(order) || (order.status !== 'pending' && order.status !== 'processing')) return;
  order.deadlineAt ??= termOf(open);
  if (order.status === 'pending')
    open.move('customer_action_required', 'payment_confirmation', { ...askedFacts(open), lines: [] });
}

/** The customer has confirmed: the order goes on, or its customer is asked about what is missing. */
function afterConfirmation(open: OpenOrder): void {
  const { order } = open;
  if (order.status !== 'customer_action_required' || isConfirming(order)) return;
  if (!order.lines.some(({ missing }) => missing)) return open.move('processing', 'payment_confirmed');
  order.deadlineAt = termOf(open);
  open.tell('order.customer_action_required', { reason: 'items_missing', ...askedFacts(open) });
}

/** Ends an order that will not be fulfilled: nothing of it leaves any more, and its stock is free. */
export async function undo(
  open: OpenOrder,
  to: 'cancelled' | 'timed_out' | 'failed',
  reason: string,
  more: { problem?: ProcessProblem; note?: string | null } = {},
): Promise<void> {
  const { problem = null, note = null } = more;
  callOffAll(open, to);
  await releaseStock(open);
  open.order.problem = problem;
  open.move(to, reason, problem ? { code: problem.code } : {}, note);
}

/**
 * Nobody has done in time what it was waited for.
 *
 * @param deadline ISO 8601: the one that has passed. An order whose deadline is another by now goes on.
 */
export async function timeOut(open: OpenOrder, deadline: string): Promise<void> {
  const { order } = open;
  if (order.deadlineAt?.toISOString() !== deadline) return;
  if (order.status === 'customer_action_required') await undo(open, 'timed_out', 'customer_did_not_answer');
  // The money may have come while nobody was there to hear of it.
  else if (isCustomerAwaited(order)) await undo(open, 'cancelled', 'not_paid');
}

/**
 * A package that can't leave for good. Before anything has left the order fails; after, what is left of it is cancelled,
 * and the rest goes its way.
 */
export async function failFulfillment(
  open: OpenOrder,
  one: Fulfillment,
  problem: ProcessProblem,
): Promise<void> {
  const { order } = open;
  callOff(open, one, 'failed', problem.code, { problem });
  if (order.status === 'processing') await undo(open, 'failed', problem.code, { problem });
  else if (hasShipped(order.status)) await cancelRest(open, problem.code);
}

async function cancelRest(open: OpenOrder, reason: string): Promise<void> {
  callOffAll(open, reason);
  const lines = [];
  for (const line of open.order.lines) {
    const units = unallocatedUnits(line);
    if (units === 0) continue;
    line.cancelled += units;
    line.missing = false;
    lines.push({ line_id: line.id, quantity: units });
  }
  await releaseStock(open);
  open.tell('order.amended', { reason, cancelled: lines });
  open.follow(reason);
}

/** Settles a call to the processor, with what follows from a refusal. */
export async function settle(open: OpenOrder, paymentId: string, outcome: PaymentOutcome): Promise<void> {
  const before = open.order.payments.find(({ id }) => id === paymentId)?.state;
  const payment = settlePayment(open, paymentId, outcome);
  if (before === 'failed') return;
  await followRefusal(open, payment);
  awaitConfirmation(open);
  if (payment.kind === 'authorize' && payment.state === 'settled') afterConfirmation(open);
}

/**
 * An order whose payment is refused fails, or its package does. One that was on hold when the refusal came does so when it
 * is worked on again.
 */
export async function followRefusal(open: OpenOrder, payment: Payment): Promise<void> {
  const { order } = open;
  if (payment.state !== 'failed') return;
  const problem = { code: 'orders.payment_declined', message: 'The payment was declined.' };
  const one = open.fulfillment(payment.fulfillmentId ?? '');
  const isTaking = payment.kind === 'authorize' || payment.kind === 'capture';
  if (payment.kind === 'capture' && one) {
    if (one.status === 'packed') await failFulfillment(open, one, problem);
  } else if (isTaking && (order.status === 'pending' || order.status === 'processing')) {
    await undo(open, 'failed', problem.code, { problem });
  } else if (payment.kind === 'authorize' && order.status === 'customer_action_required') {
    await undo(open, 'cancelled', problem.code, { problem });
  }
}

export function complete(open: OpenOrder): void {
  if (open.order.status === 'delivered') open.move('completed', 'delivered');
}
