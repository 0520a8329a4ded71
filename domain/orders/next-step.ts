import type { FulfillmentStatus } from './fulfillment-status.ts';
import { isUndone, type OrderStatus } from './order-status.ts';

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
  };
  fulfillments: readonly {
    id: string;
    status: FulfillmentStatus;
    /** It has a label of the carrier, which was not called off. */
    labelled: boolean;
    /** Its carrier has to know more of it before it gives a label. */
    waiting: boolean;
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
  next: 'timeOutOrder' | 'trackOrder' | null;
  seconds: number | null;
  /** ISO 8601: which deadline it is that ends then. */
  deadline: string | null;
}

/**
 * What the process of an order does next. It looks at where the order stands and at nothing that it remembers, so that it
 * goes on rightly from wherever a crash, a command or a carrier has left it.
 *
 * @param clock.now milliseconds since 1970, by the clock that deadlines are set by
 * @param clock.trackSeconds a carrier that says nothing for so long is asked
 */
export function nextStep(order: OrderStanding, clock: { now: number; trackSeconds: number }): OrderStep {
  const { status, payment, fulfillments } = order;
  if (payment.open !== null) return { step: 'resolvePayment', paymentId: payment.open };
  const undoing = undo(order);
  if (undoing) return undoing;
  if (isUndone(status) || status === 'completed') return { step: 'end' };
  if (status === 'on_hold') return untilTold;
  if (!order.reserved) return { step: 'reserveStock' };
  if (status === 'customer_action_required') return untilDeadline(order.deadline, clock.now);
  if (payment.due && !payment.authorized && !payment.paid) {
    if (payment.mode === 'external') return untilDeadline(order.deadline, clock.now);
    return { step: 'authorizePayment' };
  }
  if (status === 'pending') return { step: 'openOrder' };
  if (payment.capture === 'immediately' && payment.mode === 'processor' && !payment.paid)
    return { step: 'capturePayment' };
  for (const { id, status: at, waiting } of fulfillments) {
    if (at === 'allocated' && !waiting) return { step: 'buyLabel', fulfillmentId: id };
    if (at === 'packed') return { step: 'shipFulfillment', fulfillmentId: id };
  }
  if (order.unallocated > 0 && order.shipping === 'automatic') return { step: 'splitOrder' };
  if (status === 'delivered') return { step: 'completeOrder' };
  if (fulfillments.some((one) => one.status === 'shipped'))
    return { step: 'wait', next: 'trackOrder', seconds: clock.trackSeconds, deadline: null };
  if (order.unallocated > 0 || fulfillments.some((one) => live.includes(one.status))) return untilTold;
  // Everything has left and nothing will arrive: lost, or sent back by the carrier. It was refunded above.
  return { step: 'end' };
}

/** What must be given back before anything else, in the reverse order of how it was taken. */
function undo({ status, payment, fulfillments }: OrderStanding): OrderStep | null {
  const label = fulfillments.find((one) => one.labelled && calledOff.includes(one.status));
  if (label) return { step: 'voidLabel', fulfillmentId: label.id };
  if (payment.overpaid) return { step: 'refundOverpaid' };
  if (payment.toVoid && (isUndone(status) || status === 'completed')) return { step: 'voidPayment' };
  return null;
}

const untilTold: Wait = { step: 'wait', next: null, seconds: null, deadline: null };

function untilDeadline(deadline: string | null, now: number): Wait {
  if (deadline === null) return untilTold;
  const seconds = Math.max(0, Math.ceil((Date.parse(deadline) - now) / 1_000));
  return { step: 'wait', next: 'timeOutOrder', seconds, deadline };
}
