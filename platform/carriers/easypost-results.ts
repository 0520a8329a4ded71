import type { Label, Rate, Tracking, TrackingEvent } from './carrier.ts';
import type { EasyPostRate, EasyPostShipment, EasyPostTracker } from './easypost-objects.ts';
import { trackingStatusOf } from './easypost-status.ts';

export function rateOf({ carrier, service, rate, currency, delivery_days }: EasyPostRate): Rate {
  return {
    carrier,
    service,
    amount: minorUnits(rate, currency),
    currency: currency.toUpperCase(),
    deliveryDays: delivery_days ?? null,
  };
}

/** The label of a shipment; null when its postage has not been bought. */
export function labelOf(bought: EasyPostShipment): Label | null {
  const { id, selected_rate: rate, postage_label: label, tracking_code: code, tracker } = bought;
  if (!rate || !label || !code) return null;
  return {
    reference: id,
    trackerReference: tracker?.id ?? null,
    carrier: rate.carrier,
    service: rate.service,
    trackingNumber: code,
    trackingUrl: tracker?.public_url ?? null,
    labelUrl: label.label_pdf_url ?? label.label_url ?? null,
    amount: minorUnits(rate.rate, rate.currency),
    currency: rate.currency.toUpperCase(),
  };
}

export function trackingOf(tracker: EasyPostTracker): Tracking {
  const events = tracker.tracking_details
    .map((one): TrackingEvent | null => {
      const status = trackingStatusOf(one.status, one.status_detail ?? null);
      const { city, state, country } = one.tracking_location ?? {};
      return status === null
        ? null
        : {
            status,
            detail: one.status_detail ?? null,
            occurredAt: new Date(one.datetime),
            message: one.message ?? null,
            place: [city, state, country].filter(Boolean).join(', ') || null,
          };
    })
    .filter((one) => one !== null)
    .toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime());
  return {
    trackingNumber: tracker.tracking_code,
    carrier: tracker.carrier ?? null,
    status:
      trackingStatusOf(tracker.status, tracker.status_detail ?? null) ??
      events.at(-1)?.status ??
      'label_created',
    detail: tracker.status_detail ?? null,
    estimatedDelivery: tracker.est_delivery_date ? new Date(tracker.est_delivery_date) : null,
    events,
  };
}

/** A decimal number of major units, exactly. What is finer than the currency counts as one more. */
function minorUnits(decimal: string, currency: string): bigint {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  const [whole = '0', fraction = ''] = decimal.split('.');
  const kept = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  return /[1-9]/.test(fraction.slice(digits)) ? kept + 1n : kept;
}
