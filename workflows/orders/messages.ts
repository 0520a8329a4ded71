import type { OrderStep } from '../../domain/orders/next-step.ts';

/** The queue of the domain's workflows and activities. */
export const ordersQueue = 'orders';

export function orderWorkflowId(orderId: string): string {
  return `order:${orderId}`;
}

/**
 * Sent when an order was changed by somebody else than its process: a command, a carrier, a processor. It carries nothing:
 * the database is the record, and the workflow reads there what has come of it.
 */
export const orderChangedSignal = 'orderChanged';

export interface FulfillOrderInput {
  orderId: string;
  tenantId: string;
}

/** Where an order stands, and what is to be done next. */
export interface OrderView {
  status: string;
  next: OrderStep;
  /** One paragraph of Markdown for the Web UI. */
  details: string;
}

export function returnWorkflowId(returnId: string): string {
  return `return:${returnId}`;
}

/** The ID of the process of a refund that a person has asked for, by its payment. */
export function refundWorkflowId(paymentId: string): string {
  return `refund:${paymentId}`;
}

export interface ReturnOrderInput {
  returnId: string;
  orderId: string;
  tenantId: string;
}

/** Where a return stands, and what is to be done next. */
export interface ReturnView {
  status: string;
  /** `wait`: until it is changed, or for so many seconds and then settled with what has come back. */
  next: { step: 'wait'; seconds: number | null } | { step: 'settleReturn' } | { step: 'end' };
  details: string;
}

/** The steps of a return. Each does nothing when it is done already. */
export interface ReturnActivities {
  readReturn(input: ReturnOrderInput): Promise<ReturnView>;
  /** Closes it: what has come back is paid back, or made good by the order of an exchange. */
  settleReturn(input: ReturnOrderInput): Promise<ReturnView>;
}

export interface RefundOrderInput {
  orderId: string;
  tenantId: string;
  /** The key that the calls of the refund have. */
  key: string;
}

export interface RefundActivities {
  /** Makes the calls of a refund that was written down, each once. */
  performRefund(input: RefundOrderInput): Promise<void>;
}

interface OfPayment extends FulfillOrderInput {
  paymentId: string;
}

interface OfFulfillment extends FulfillOrderInput {
  fulfillmentId: string;
}

/**
 * The steps of an order. Each moves it on in the database, does nothing when that is done already, and gives where it then
 * stands.
 */
export interface OrderActivities {
  readOrder(input: FulfillOrderInput): Promise<OrderView>;
  reserveStock(input: FulfillOrderInput): Promise<OrderView>;
  /** Hands the order over to be worked on, or asks its customer about what is missing. */
  openOrder(input: FulfillOrderInput): Promise<OrderView>;
  splitOrder(input: FulfillOrderInput): Promise<OrderView>;
  completeOrder(input: FulfillOrderInput): Promise<OrderView>;
  /** @param input.deadline ISO 8601: the deadline that has passed */
  timeOutOrder(input: FulfillOrderInput & { deadline: string }): Promise<OrderView>;
  /** Gives a package up that the carrier has not taken after many tries. */
  giveUpFulfillment(input: OfFulfillment): Promise<OrderView>;
  /** The carrier could not be reached about its label: another time, or never, when that was tried often. */
  postponeLabel(input: OfFulfillment): Promise<OrderView>;

  authorizePayment(input: FulfillOrderInput): Promise<OrderView>;
  capturePayment(input: FulfillOrderInput): Promise<OrderView>;
  /** Finds out what has become of a call whose answer was lost, and makes it if it never arrived. */
  resolvePayment(input: OfPayment): Promise<OrderView>;
  refundOverpaid(input: FulfillOrderInput): Promise<OrderView>;
  voidPayment(input: FulfillOrderInput): Promise<OrderView>;

  buyLabel(input: OfFulfillment): Promise<OrderView>;
  voidLabel(input: OfFulfillment): Promise<OrderView>;
  /** Takes the money for a package, and lets it leave. */
  shipFulfillment(input: OfFulfillment): Promise<OrderView>;
  /** Asks the carriers about what is under way. */
  trackOrder(input: FulfillOrderInput): Promise<OrderView>;
}
