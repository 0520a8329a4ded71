import type { Fulfillment, Order, Payment } from '../../db/orders/order.ts';
import type { CarrierReport } from '../../db/orders/fulfillments.ts';
import type { ParcelFacts } from '../../db/orders/parcels.ts';
import type { PaymentOutcome } from '../../db/orders/payments.ts';

/** The payment processor, as the steps of an order need it. */
export interface PaymentCalls {
  /** False: there is no processor, and no call can be made. */
  readonly available: boolean;
  /** Makes the call, under the payment's id as its key: however often it is made, it takes effect once. */
  make(order: Order, payment: Payment, parent: Payment | null): Promise<PaymentOutcome>;
  /** What has become of a call; null when it never arrived. */
  find(order: Order, payment: Payment, parent: Payment | null): Promise<PaymentOutcome | null>;
}

export interface Label {
  /** The carrier's name for it. */
  reference: string;
  /** The carrier's name for what follows the package, in whose webhooks it stands. */
  trackerReference: string | null;
  carrier: string;
  service: string;
  trackingNumber: string;
  trackingUrl: string | null;
  labelUrl: string | null;
  /** Minor units. */
  cost: { amount: bigint; currency: string };
}

export interface Parcel extends ParcelFacts {
  /** What makes asking again give the same label. */
  key: string;
}

/** A carrier, as the steps of an order need it. */
export interface CarrierCalls {
  /** @throws Failure `orders.carrier_refused` when it will not take the parcel, ever */
  buyLabel(parcel: Parcel): Promise<Label>;
  /** The label that was bought under a key; null when there is none. */
  findLabel(key: string): Promise<Label | null>;
  /**
   * Gives a label back. One that was given back already is no fault.
   *
   * @returns false when the carrier does not take it back, ever
   */
  voidLabel(reference: string): Promise<boolean>;
  /** Everything the carrier knows of a parcel, in any order. */
  reports(fulfillment: Fulfillment): Promise<CarrierReport[]>;
}
