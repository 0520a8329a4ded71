import type { Address, Sender } from '../../db/orders/order.ts';
import { Failure } from '../../domain/failure.ts';
import type {
  Carrier,
  CarrierResult,
  Label as SoldLabel,
  PostalAddress,
} from '../../platform/carriers/carrier.ts';
import type { CarrierCalls, Label } from './outside.ts';

/** The labels and the tracking of orders, by a carrier. */
export function labelsOf(carrier: Carrier): CarrierCalls {
  return {
    buyLabel: async ({ key, from, to, weightGrams, size }) => {
      const measures = size ?? { lengthMm: null, widthMm: null, heightMm: null };
      const call = { key, from: postal(from), to: postal(to), parcel: { weightGrams, ...measures } };
      return toLabel(outcomeOf(await carrier.buyLabel(call)));
    },
    findLabel: async (key) => {
      const label = outcomeOf(await carrier.findLabel(key));
      return label ? toLabel(label) : null;
    },
    voidLabel: async (reference) => {
      const result = await carrier.voidLabel(reference);
      if (result.outcome === 'refused' && notTakenBack.has(result.code)) return false;
      outcomeOf(result);
      return true;
    },
    reports: async ({ trackingNumber, carrier: name }) => {
      if (trackingNumber === null) return [];
      const result = await carrier.track({ reference: null, trackingNumber, carrier: name });
      // It may not have heard of it yet.
      if (result.outcome === 'refused' && result.code === 'tracker_not_found') return [];
      return outcomeOf(result).events.map(({ status, occurredAt, message, place }) => ({
        status,
        occurredAt: occurredAt.toISOString(),
        message,
        place,
      }));
    },
  };
}

const notTakenBack: ReadonlySet<string> = new Set(['label_not_refundable', 'label_not_found']);

/**
 * What a call gave. What is not known yet fails the step, which is tried again and then looks it up first.
 *
 * @throws Failure `orders.carrier_refused` for good, `service.unavailable`
 */
function outcomeOf<T>(result: CarrierResult<T>): T {
  switch (result.outcome) {
    case 'succeeded':
      return result.value;
    case 'refused':
      // Ours to mend, and no fault of the parcel.
      if (result.code === 'credentials' || result.code === 'payment_required')
        throw new Failure('service.unavailable', result.message);
      throw new Failure('orders.carrier_refused', result.message, { reason: result.code });
    case 'unavailable':
      throw new Failure(
        'service.unavailable',
        'The carrier cannot be reached.',
        result.retryAfterSeconds === null ? {} : { retryAfter: result.retryAfterSeconds },
      );
    case 'unknown':
      throw new Failure('service.unavailable', 'The carrier has not said yet what came of it.');
  }
}

function toLabel(sold: SoldLabel): Label {
  const { reference, trackerReference, carrier, service, trackingNumber, trackingUrl, labelUrl } = sold;
  return {
    reference,
    trackerReference,
    carrier,
    service,
    trackingNumber,
    trackingUrl,
    labelUrl,
    cost: { amount: sold.amount, currency: sold.currency },
  };
}

function postal(address: Address & Partial<Pick<Sender, 'company' | 'phone'>>): PostalAddress {
  return {
    name: address.name ?? null,
    company: address.company ?? null,
    street1: address.line1,
    street2: address.line2 ?? null,
    city: address.city,
    region: address.region ?? null,
    postalCode: address.postcode ?? null,
    country: address.country,
    phone: address.phone ?? null,
    // A carrier needs none, and would write to the customer itself.
    email: null,
  };
}
