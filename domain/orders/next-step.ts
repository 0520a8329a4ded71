import type { FulfillmentStatus } from './fulfillment-status.ts';
import { isTerminal, isUndone, type OrderStatus } from './order-status.ts';

/** What is to be known of an order to tell its next step. All of it comes from the database. */
export interface OrderStanding {
  status: OrderStatus;
  /** Stock was looked for, and is held or missing. */
  reserved: boolean;
  /** A line is wanted that is not to be had. */
  missing: boolean;
  /** ISO 8601: when a customer who is asked, or who has to pay, has had time enough. */
  deadline: string | null;
  payment: {
    /** Taken by our processor, or elsewhere and only reported to us. */
    mode: 'processor' | 'external';
    capture: 'on_shipment' | 'immediately';
    /** There is something to pay. */
    due: boolean;
    authorized: boolean;
    /** What is to be paid is paid. */
    paid: boolean;
    /** A call to the processor was made and its outcome is not known. */
    open: string | null;
    /** More was taken than is due. */
    overpaid: boolean;
    /** Something is still held of the customer's money that will not be taken any more. */
    toVoid: boolean;
    /** The customer's bank wants to hear from the customer first. */
    confirming: boolean;
  };
  fulfillments: readonly {
    id: string;
    status: FulfillmentStatus;
    /** It has a label of the carrier, or may have one, which was not given back. */
    labelled: boolean;
    /** Its carrier has to know more of it before it gives a label. */
    waiting: boolean;
    /** ISO 8601: the carrier could not be reached about its label, and is tried again then. */
    labelRetryAt: string | null;
    /** ISO 8601: when something was last heard of it; null when there is no carrier that could be asked. */
    heardAt: string | null;
  }[];
  /** Units that are to leave and belong to no fulfilment yet. */
  unallocated: number;
  shipping: 'automatic' | 'manual';
}

export type OrderStep =
  | { step: 'reserveStock' | 'authorizePayment' | 'openOrder' | 'capturePayment' | 'splitOrder' }
  | { step: 'refundOverpaid' | 'voidPayment' | 'completeOrder' }
  | { step: 'resolvePayment'; paymentId: string }
  | { step: 'buyLabel' | 'shipFulfillment' | 'voidLabel'; fulfillmentId: string }
  /** Nothing to do until something happens, or a moment comes. */
  | Wait
  | { step: 'end' };

const live: readonly FulfillmentStatus[] = ['pending', 'allocated', 'packed', 'shipped'];
const calledOff: readonly FulfillmentStatus[] = ['cancelled', 'failed'];

export interface Wait {
  step: 'wait';
  /** What is done when nothing has happened for so long; null: nothing, however long it takes. */
  next: 'timeOutOrder' | 'trackOrder' | 'readOrder' | null;
  seconds: number | null;
  /** ISO 8601: which deadline it is that ends then. */
  deadline: string | null;
}

/**
 * What the process of an order does next. It looks at where the order stands and at nothing that it remembers, so that it
 * goes on rightly from wherever a crash, a command or a carrier has left it.
 *
 * @param clock.now milliseconds since 1970, by the clock that deadlines are set by
 * @param clock.trackSeconds a carrier that says nothing for so long is asked; one that goes on saying nothing, ever more rarely
 */
export function nextStep(order: OrderStanding, clock: Clock): OrderStep {
  const { status, payment, fulfillments } = order;
  if (payment.open !== null) return { step: 'resolvePayment', paymentId: payment.open };
  const undoing = undo(order, clock.now);
  if (undoing) return undoing;
  if (isUndone(status) || status === 'completed') return waitFor(order, clock) ?? { step: 'end' };
  if (status === 'on_hold') return waitFor(order, clock) ?? untilTold;
  if (!order.reserved) return { step: 'reserveStock' };
  if (status === 'customer_action_required') return waitFor(order, clock) ?? untilTold;
  if (payment.due && !payment.authorized && !payment.paid) {
    if (payment.mode === 'external' || payment.confirming) return waitFor(order, clock) ?? untilTold;
    return { step: 'authorizePayment' };
  }
  if (status === 'pending') return { step: 'openOrder' };
  if (payment.capture === 'immediately' && payment.mode === 'processor' && !payment.paid)
    return { step: 'capturePayment' };
  for (const one of fulfillments) {
    if (one.status === 'allocated' && !one.waiting && !isPostponed(one, clock.now))
      return { step: 'buyLabel', fulfillmentId: one.id };
    if (one.status === 'packed') return { step: 'shipFulfillment', fulfillmentId: one.id };
  }
  if (order.unallocated > 0 && order.shipping === 'automatic') return { step: 'splitOrder' };
  if (status === 'delivered') return { step: 'completeOrder' };
  const wait = waitFor(order, clock);
  if (wait) return wait;
  if (order.unallocated > 0 || fulfillments.some((one) => live.includes(one.status))) return untilTold;
  // Everything has left and nothing will arrive: lost, or sent back by the carrier. It was refunded above.
  return { step: 'end' };
}

interface Clock {
  now: number;
  trackSeconds: number;
}

/** What must be given back before anything else: the customer's money first, which no carrier that is away may hold up. */
function undo({ payment, fulfillments }: OrderStanding, now: number): OrderStep | null {
  if (payment.overpaid) return { step: 'refundOverpaid' };
  if (payment.toVoid) return { step: 'voidPayment' };
  const label = fulfillments.find((one) => isToGiveBack(one) && !isPostponed(one, now));
  return label ? { step: 'voidLabel', fulfillmentId: label.id } : null;
}

type Package = OrderStanding['fulfillments'][number];

/** A label of what will never leave. */
function isToGiveBack({ status, labelled }: Package): boolean {
  return labelled && calledOff.includes(status);
}

function isPostponed({ labelRetryAt }: Package, now: number): boolean {
  return labelRetryAt !== null && Date.parse(labelRetryAt) > now;
}

const untilTold: Wait = { step: 'wait', next: null, seconds: null, deadline: null };

/** The first of the moments at which something is to be done if nothing happens before; null when there is none. */
function waitFor(order: OrderStanding, { now, trackSeconds }: Clock): Wait | null {
  const moments: { at: number; next: NonNullable<Wait['next']>; deadline: string | null }[] = [];
  const { deadline, status } = order;
  if (deadline !== null && canTimeOut.includes(status))
    moments.push({ at: Date.parse(deadline), next: 'timeOutOrder', deadline });
  for (const one of order.fulfillments) {
    const needsLabel = one.status === 'allocated' && !one.waiting && status !== 'on_hold';
    if (one.labelRetryAt !== null && (needsLabel || isToGiveBack(one)))
      moments.push({ at: Date.parse(one.labelRetryAt), next: 'readOrder', deadline: null });
    if (one.heardAt !== null && one.status === 'shipped' && !isTerminal(status))
      moments.push({ at: nextQuestion(one.heardAt, now, trackSeconds), next: 'trackOrder', deadline: null });
  }
  const first = moments.toSorted((a, b) => a.at - b.at)[0];
  if (!first) return null;
  const seconds = Math.max(0, Math.ceil((first.at - now) / 1_000));
  return { step: 'wait', next: first.next, seconds, deadline: first.deadline };
}

/** In which statuses an order waits for its customer. */
const canTimeOut: readonly OrderStatus[] = ['pending', 'processing', 'customer_action_required'];

/**
 * When a carrier that tells us nothing is asked next. Each silence is twice as long as the one before, so that a package of
 * which nobody ever says anything costs a handful of questions a year.
 */
function nextQuestion(heardAt: string, now: number, trackSeconds: number): number {
  const heard = Math.min(Date.parse(heardAt), now);
  let silence = trackSeconds * 1_000;
  while (heard + silence <= now) silence *= 2;
  return heard + silence;
}
