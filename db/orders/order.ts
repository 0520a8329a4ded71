import type { FulfillmentStatus } from '../../domain/orders/fulfillment-status.ts';
import type { LabelState } from '../../domain/orders/label-state.ts';
import type { LinePrice, LineQuantities } from '../../domain/orders/lines.ts';
import type { OrderStatus } from '../../domain/orders/order-status.ts';
import type { PaymentStatus } from '../../domain/orders/payment-status.ts';
import type { ReturnStatus } from '../../domain/orders/return-status.ts';
import type { TrackingStatus } from '../../domain/orders/tracking.ts';

/** Personal data: it lies in the order's row, and goes into no event, log or workflow. */
export interface Customer {
  email: string;
  name: string | null;
  phone: string | null;
}

export interface Address {
  name?: string | undefined;
  line1: string;
  line2?: string | undefined;
  city: string;
  region?: string | undefined;
  postcode?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  country: string;
}

/** Who sends from a location, as carriers write it on a label. A name or a company is in it. */
export interface Sender extends Address {
  company?: string | undefined;
  phone?: string | undefined;
}

export interface PaymentTerms {
  /** `processor`: we take the money. `external`: it is paid elsewhere, and we are told. */
  mode: 'processor' | 'external';
  capture: 'on_shipment' | 'immediately';
  /** The processor's token of the means of payment, e.g. `pm_…`; null where somebody else takes the money. */
  method: string | null;
}

export interface ProcessProblem {
  code: string;
  message: string;
}

export interface OrderRow {
  id: string;
  tenantId: string;
  number: string;
  /** `api`, `reorder`, `exchange`, or the shop that it comes from. */
  source: string;
  externalId: string | null;
  sourceOrderId: string | null;
  status: OrderStatus;
  paymentStatus: PaymentStatus;
  returnStatus: ReturnStatus;
  holdReason: string | null;
  problem: ProcessProblem | null;
  currency: string;
  shipping: bigint;
  /** What the customer has for something sent back, to be set off against what is due. */
  credit: bigint;
  /** What of the credit sets nothing off any more. */
  creditLeft: bigint;
  /** What of the credit is owed again, because what was ordered for it came back too. */
  creditReturned: bigint;
  externalPaid: bigint;
  externalRefunded: bigint;
  /** What of the refunds that were made elsewhere is for returns, and can be set off against nothing else any more. */
  refundsSetOff: bigint;
  /** What has been told of single payments elsewhere: the amount of each, as text, by its name there. */
  externalPayments: Record<string, string>;
  disputed: boolean;
  customer: Customer;
  shippingAddress: Address | null;
  payment: PaymentTerms;
  fulfillmentMode: 'automatic' | 'manual';
  /** How long a customer who is asked has time to answer. */
  actionSeconds: number;
  reservedAt: Date | null;
  deadlineAt: Date | null;
  /** When the shop that it comes from has changed it last, as that shop says. */
  externalUpdatedAt: Date | null;
  /** Counts the entries of its timeline. */
  revision: number;
  /** Counts the changes that people can make to what was ordered: what an ETag is of. */
  version: number;
  traceId: string | null;
  createdBy: string | null;
  createdAt: Date;
  updatedAt: Date;
  finishedAt: Date | null;
  /** When this was read, by the database's clock, which all processes share. */
  readAt: Date;
}

/** A saved design as it was when it was ordered. */
export interface DesignReference {
  id: string;
  version: number;
}

export interface OrderLine extends LineQuantities, LinePrice {
  id: string;
  position: number;
  sku: string;
  title: string;
  externalId: string | null;
  /** Not to be had in this quantity: the customer has to decide. */
  missing: boolean;
  /** Units that were refunded because they came back, or because somebody wanted to. */
  refunded: number;
  design: DesignReference | null;
  /** Of a unit, as the order says it; null where only the item knows, or nobody. */
  weightGrams: number | null;
}

export interface FulfillmentLine {
  lineId: string;
  quantity: number;
  amount: bigint;
}

export interface Fulfillment {
  id: string;
  /** Of its order, from 1. */
  number: number;
  location: string;
  status: FulfillmentStatus;
  /** What is taken for it when it leaves. */
  amount: bigint;
  carrier: string | null;
  service: string | null;
  trackingNumber: string | null;
  trackingUrl: string | null;
  labelRef: string | null;
  labelUrl: string | null;
  labelState: LabelState;
  labelCost: { amount: bigint; currency: string } | null;
  /** How often the carrier could not be reached about the label, in a row. */
  labelTries: number;
  labelRetryAt: Date | null;
  trackingStatus: TrackingStatus | null;
  trackedAt: Date | null;
  problem: ProcessProblem | null;
  createdAt: Date;
  shippedAt: Date | null;
  deliveredAt: Date | null;
  lines: FulfillmentLine[];
}

/** One call to the payment processor: reserved before it is made, settled when its outcome is known. */
export interface Payment {
  id: string;
  kind: 'authorize' | 'capture' | 'void' | 'refund';
  /** What it is for, in words of the business: the processor and we do the same one once only. */
  key: string;
  amount: bigint;
  /** `action_required`: the customer has to confirm it with the bank. */
  state: 'reserved' | 'unknown' | 'action_required' | 'settled' | 'failed';
  /** The processor's name for it. */
  reference: string | null;
  /** Of a capture, void or refund: the payment that it is about; null when that was not paid to us. */
  parentId: string | null;
  fulfillmentId: string | null;
  /** Why it was refunded. */
  cause: RefundCause | null;
  lines: RefundLine[] | null;
  reason: string | null;
  /** Why it failed. */
  code: string | null;
  /** Sealed: with what the customer confirms it. */
  action: string | null;
  attempts: number;
  /** Of a capture: the last one. What is still held after it, the processor lets go. */
  final: boolean;
  createdBy: string | null;
  createdAt: Date;
  settledAt: Date | null;
}

/**
 * `correction`: more was taken than is due any more. `return`: goods came back. `goodwill`: a person wanted to. `elsewhere`:
 * somebody has made it at the processor or the shop, and we were told.
 */
export type RefundCause = 'correction' | 'return' | 'goodwill' | 'elsewhere';

export interface RefundLine {
  line_id: string;
  quantity: number;
}

/** An order with everything that belongs to it. */
export interface Order extends OrderRow {
  lines: OrderLine[];
  fulfillments: Fulfillment[];
  payments: Payment[];
  /** What of its worth was set off against the orders of its exchanges, and is not to be given back. */
  exchanged: bigint;
}
