import type { TrackingStatus } from '../../domain/orders/tracking.ts';

/** Personal data: never in logs, errors or a workflow's history in the clear. */
export interface PostalAddress {
  name: string | null;
  company: string | null;
  street1: string;
  street2: string | null;
  city: string;
  /** State, province, prefecture. */
  region: string | null;
  postalCode: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string;
  phone: string | null;
  email: string | null;
}

export interface Parcel {
  /** Whole grams, at least 1. */
  weightGrams: number;
  /** Whole millimetres; null where nobody has measured. */
  lengthMm: number | null;
  widthMm: number | null;
  heightMm: number | null;
}

export interface Shipment {
  from: PostalAddress;
  to: PostalAddress;
  parcel: Parcel;
}

export interface LabelCall extends Shipment {
  /** Made of the business (`label:<fulfillmentId>`): all calls with one key buy one label. At most 255 characters. */
  key: string;
  /** The cheapest rate when it names neither, or none that is offered. */
  carrier?: string;
  service?: string;
  signal?: AbortSignal;
}

export interface Rate {
  carrier: string;
  service: string;
  /** Minor units. */
  amount: bigint;
  /** ISO 4217. */
  currency: string;
  /** Working days on the way, as the carrier expects. */
  deliveryDays: number | null;
}

export interface Label {
  /** The carrier's or broker's name for it: what `voidLabel` takes. */
  reference: string;
  /** The name of what follows the package, for `track` and in webhooks. */
  trackerReference: string | null;
  carrier: string;
  service: string;
  trackingNumber: string;
  trackingUrl: string | null;
  /** A PDF or PNG at the carrier's. */
  labelUrl: string | null;
  /** What it cost, in minor units. */
  amount: bigint;
  currency: string;
}

/** One thing that happened to a package. */
export interface TrackingEvent {
  status: TrackingStatus;
  /** The carrier's own word, e.g. `lost`, `weather_delay`; null where it has none. */
  detail: string | null;
  occurredAt: Date;
  message: string | null;
  /** City, region and country, as far as known. */
  place: string | null;
}

export interface Tracking {
  trackingNumber: string;
  carrier: string | null;
  status: TrackingStatus;
  detail: string | null;
  estimatedDelivery: Date | null;
  /** By time, the earliest first. */
  events: TrackingEvent[];
}

/** Why a parcel can never be taken, or a label never be given back. */
export type CarrierRefusal =
  | 'address_invalid'
  | 'parcel_invalid'
  | 'no_rates'
  | 'label_refused'
  | 'label_not_found'
  /** It was used already, or is too old. */
  | 'label_not_refundable'
  | 'tracker_not_found'
  | 'payment_required'
  | 'request_invalid'
  | 'credentials';

/**
 * What a call came to. Nothing but a bug is raised. `refused` is final; `unavailable` did nothing and may be made again
 * under the same key; of `unknown` nobody knows whether it took effect: `findLabel` tells, and a call is never made again
 * before it has.
 */
export type CarrierResult<T> =
  | { outcome: 'succeeded'; value: T }
  | { outcome: 'refused'; code: CarrierRefusal; message: string }
  | {
      outcome: 'unavailable';
      reason: 'unreachable' | 'rate_limited' | 'circuit_open' | 'overloaded' | 'cancelled';
      retryAfterSeconds: number | null;
    }
  | { outcome: 'unknown'; reason: string };

/** Takes parcels, and tells where they are. */
export interface Carrier {
  /** `easypost`, … */
  readonly name: string;
  /** What sending it would cost, the cheapest first. Has no effect. */
  rates(shipment: Shipment, signal?: AbortSignal): Promise<CarrierResult<Rate[]>>;
  /** Buys a label, once per key. */
  buyLabel(call: LabelCall): Promise<CarrierResult<Label>>;
  /** The label that was bought under a key; null when there is none, so that the call may be made again. Changes nothing. */
  findLabel(key: string, signal?: AbortSignal): Promise<CarrierResult<Label | null>>;
  /** Gives a label back. One that was given back already has succeeded. */
  voidLabel(reference: string, signal?: AbortSignal): Promise<CarrierResult<'voided' | 'submitted'>>;
  /** All that is known of a package. `reference` is the tracker's, from its label; without one the number is asked for. */
  track(
    wanted: { reference: string | null; trackingNumber: string; carrier: string | null },
    signal?: AbortSignal,
  ): Promise<CarrierResult<Tracking>>;
}
