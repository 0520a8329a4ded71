import type { TrackingStatus } from '../../domain/orders/tracking.ts';

/** EasyPost's details that say more than its status (docs.easypost.com/docs/trackers). */
const details: Readonly<Record<string, TrackingStatus>> = {
  label_created: 'label_created',
  delayed: 'delayed',
  weather_delay: 'delayed',
  held: 'delayed',
  missorted: 'delayed',
  received_at_origin_facility: 'picked_up',
  arrived_at_pickup_location: 'ready_for_pickup',
  delivery_exception: 'exception',
  transit_exception: 'exception',
  address_correction: 'exception',
  damaged: 'exception',
  lost: 'exception',
  refused: 'exception',
  return: 'return_to_sender',
};

const statuses: Readonly<Record<string, TrackingStatus>> = {
  pre_transit: 'label_created',
  in_transit: 'in_transit',
  out_for_delivery: 'out_for_delivery',
  available_for_pickup: 'ready_for_pickup',
  delivered: 'delivered',
  return_to_sender: 'return_to_sender',
  failure: 'exception',
  error: 'exception',
  cancelled: 'exception',
};

/**
 * What EasyPost's words mean; null where they say nothing (`unknown`). A parcel that is delivered, or on its way back, is so
 * whatever the detail.
 */
export function trackingStatusOf(status: string, detail: string | null): TrackingStatus | null {
  const own = statuses[status] ?? null;
  if (own === 'delivered' || own === 'return_to_sender') return own;
  // A carrier that could not hand it over comes again.
  if (own === 'out_for_delivery' && detail === 'delivery_exception') return 'attempted_delivery';
  return details[detail ?? ''] ?? own;
}
