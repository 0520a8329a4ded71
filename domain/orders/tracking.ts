/**
 * What carriers tell of a package: the union of what Shopify, EasyPost and AfterShip know. A package that is lost or
 * damaged is an `exception` with that detail.
 */
export const trackingStatuses = [
  'label_created',
  'picked_up',
  'in_transit',
  'out_for_delivery',
  'ready_for_pickup',
  'attempted_delivery',
  'delayed',
  'exception',
  'delivered',
  'return_to_sender',
] as const;
export type TrackingStatus = (typeof trackingStatuses)[number];

/**
 * How far a package has come. Of two with the same rank the later one holds: a second attempt at delivery, a delay that is
 * over. A lower rank never takes the place of a higher one.
 */
const ranks: Readonly<Record<TrackingStatus, number>> = {
  label_created: 0,
  picked_up: 1,
  in_transit: 2,
  delayed: 2,
  out_for_delivery: 3,
  ready_for_pickup: 3,
  attempted_delivery: 3,
  exception: 3,
  delivered: 4,
  return_to_sender: 4,
};

export interface TrackingPoint {
  status: TrackingStatus;
  /** ISO 8601, UTC, as the carrier says. */
  occurredAt: string;
}

/** True when nothing that comes later changes the status. */
export function isTrackingOver(status: TrackingStatus): boolean {
  return ranks[status] === ranks.delivered;
}

/** The current point when another one becomes known, in whatever order they come. It never goes back. */
export function trackedAfter(current: TrackingPoint | null, next: TrackingPoint): TrackingPoint {
  if (current === null) return next;
  if (isTrackingOver(current.status)) return current;
  const difference = ranks[next.status] - ranks[current.status];
  if (difference > 0) return next;
  if (difference < 0) return current;
  return Date.parse(next.occurredAt) > Date.parse(current.occurredAt) ? next : current;
}
