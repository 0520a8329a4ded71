/**
 * Where an order stands. `on_hold`, `customer_action_required` and the statuses before it are moved by commands and by its
 * process; from `partially_shipped` to `delivered` the status is computed from the quantities of its lines and nothing else.
 */
export const orderStatuses = [
  'pending',
  'customer_action_required',
  'on_hold',
  'processing',
  'partially_shipped',
  'shipped',
  'partially_delivered',
  'delivered',
  'completed',
  'cancelled',
  'timed_out',
  'failed',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** Every edge there is. What is not listed cannot happen. */
export const orderTransitions: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  pending: ['customer_action_required', 'processing', 'on_hold', 'cancelled', 'failed'],
  customer_action_required: ['processing', 'cancelled', 'timed_out'],
  on_hold: ['processing', 'cancelled'],
  processing: ['partially_shipped', 'shipped', 'on_hold', 'cancelled', 'failed'],
  partially_shipped: ['shipped', 'partially_delivered'],
  shipped: ['partially_delivered', 'delivered'],
  partially_delivered: ['delivered'],
  delivered: ['completed'],
  completed: [],
  cancelled: [],
  timed_out: [],
  failed: [],
};

export function canMove(from: OrderStatus, to: OrderStatus): boolean {
  return orderTransitions[from].includes(to);
}

/** True when the process has nothing more to bring about, but to undo what it has done. */
export function isTerminal(status: OrderStatus): boolean {
  return orderTransitions[status].length === 0;
}

/** True when the order ended without being fulfilled: whatever was taken for it is given back. */
export function isUndone(status: OrderStatus): boolean {
  return status === 'cancelled' || status === 'timed_out' || status === 'failed';
}

/** True once a unit has left: from then on there are returns, and no cancelling. */
export function hasShipped(status: OrderStatus): boolean {
  return shippingStatuses.includes(status) || status === 'completed';
}

/** The statuses that are computed, in the order in which an order comes to them. */
const shippingStatuses: readonly OrderStatus[] = [
  'partially_shipped',
  'shipped',
  'partially_delivered',
  'delivered',
];

/** Units of an order, over all of its lines. */
export interface UnitCounts {
  /** Ordered, and neither cancelled nor lost on the way. */
  active: number;
  /** Have left, and are not lost. */
  shipped: number;
  delivered: number;
}

/** What the quantities make of an order; null while nothing of it has left. */
export function shippingStatus({ active, shipped, delivered }: UnitCounts): OrderStatus | null {
  if (shipped === 0 || active === 0) return null;
  if (delivered >= active) return 'delivered';
  if (delivered > 0) return 'partially_delivered';
  return shipped >= active ? 'shipped' : 'partially_shipped';
}

/**
 * The statuses to go through, one edge at a time, from where an order stands to where its quantities say it is. A carrier
 * that reports delivery first makes it pass `shipped` all the same. Empty when it is there already: it never goes back.
 */
export function shippingPath(from: OrderStatus, counts: UnitCounts): OrderStatus[] {
  const to = shippingStatus(counts);
  if (to === null) return [];
  const isShipping = shippingStatuses.includes(from);
  if (!isShipping && from !== 'processing') return [];
  if (isShipping && shippingStatuses.indexOf(to) <= shippingStatuses.indexOf(from)) return [];
  return shortestPath(from, to);
}

function shortestPath(from: OrderStatus, to: OrderStatus): OrderStatus[] {
  const paths: OrderStatus[][] = [[]];
  const seen = new Set<OrderStatus>([from]);
  for (let path = paths.shift(); path; path = paths.shift()) {
    for (const next of orderTransitions[path.at(-1) ?? from]) {
      if (next === to) return [...path, next];
      if (seen.has(next) || !shippingStatuses.includes(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return [];
}
