import type { CarrierRefusal } from './carrier.ts';

/** EasyPost's codes (docs.easypost.com/errors), the longest beginning that fits. */
const refusals: readonly (readonly [string, CarrierRefusal])[] = [
  ['ADDRESS.', 'address_invalid'],
  ['PARCEL.', 'parcel_invalid'],
  ['SHIPMENT.RATES.', 'no_rates'],
  ['RATE.', 'no_rates'],
  ['SHIPMENT.POSTAGE.', 'label_refused'],
  ['SHIPMENT.REFUND.', 'label_not_refundable'],
  ['TRACKER.', 'tracker_not_found'],
  ['BILLING.', 'payment_required'],
  ['PAYMENT_REQUIRED', 'payment_required'],
  ['INSUFFICIENT_FUNDS', 'payment_required'],
  ['APIKEY.', 'credentials'],
  ['UNAUTHORIZED', 'credentials'],
  ['FORBIDDEN', 'credentials'],
];

export function refusalOf(status: number, code: string): CarrierRefusal {
  if (status === 401 || status === 403) return 'credentials';
  if (status === 402) return 'payment_required';
  return refusals.find(([start]) => code.startsWith(start))?.[1] ?? 'request_invalid';
}

/** In words of ours: EasyPost's may repeat an address. */
export const refusalMessages: Readonly<Record<CarrierRefusal, string>> = {
  address_invalid: 'The carrier does not take the address.',
  parcel_invalid: 'The carrier does not take a parcel of this weight or size.',
  no_rates: 'No carrier offers to take the parcel.',
  label_refused: 'The carrier refused to make the label.',
  label_not_found: 'The carrier knows no such label.',
  label_not_refundable: 'The carrier does not take the label back.',
  tracker_not_found: 'The carrier knows no such parcel.',
  payment_required: 'The account with the carrier has no money left.',
  request_invalid: 'The carrier did not understand the request.',
  credentials: 'The carrier does not accept our key.',
};
