import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import {
  canMoveFulfillment,
  isBeforeShipping,
  type FulfillmentStatus,
} from '../../domain/orders/fulfillment-status.ts';
import { costOfUnits, unallocatedUnits } from '../../domain/orders/lines.ts';
import {
  isTrackingOver,
  trackedAfter,
  type TrackingPoint,
  type TrackingStatus,
} from '../../domain/orders/tracking.ts';
import type { Sql } from '../sql.ts';
import type { OpenOrder } from './open-order.ts';
import type { Fulfillment, FulfillmentLine, Order, OrderLine, ProcessProblem } from './order.ts';
import { shipStock } from './reservations.ts';

interface HeldUnits {
  lineId: string;
  location: string;
  units: number;
}

/** Units that are held at a location and belong to no fulfilment yet. */
async function heldUnits(open: OpenOrder): Promise<HeldUnits[]> {
  const { order, transaction } = open;
  const rows = await transaction.sql<HeldUnits>(
    `select line_id as "lineId", location, quantity - released as units from orders.reservations
     where order_id = $1 order by location, line_id`,
    [order.id],
  );
  return rows.flatMap(({ lineId, location, units }) => {
    const taken = order.fulfillments
      .filter((one) => one.location === location && isLive(one))
      .flatMap(({ lines }) => lines)
      .filter((line) => line.lineId === lineId)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    return units > taken ? [{ lineId, location, units: units - taken }] : [];
  });
}

function isLive({ status }: Fulfillment): boolean {
  return status !== 'cancelled' && status !== 'failed' && status !== 'unavailable';
}

/** Makes a fulfilment for each location that holds something of the order: everything that is not in one yet. */
export async function splitOrder(open: OpenOrder): Promise<void> {
  const held = await heldUnits(open);
  for (const location of new Set(held.map((one) => one.location))) {
    const wanted = held
      .filter((one) => one.location === location)
      .map(({ lineId, units }) => {
        const line = open.line(lineId);
        return { lineId, quantity: line ? Math.min(units, unallocatedUnits(line)) : 0 };
      })
      .filter(({ quantity }) => quantity > 0);
    if (wanted.length > 0) addFulfillment(open, location, wanted);
  }
}

/**
 * Makes fulfilments of some units, from wherever they are held.
 *
 * @throws Failure `orders.line_not_found`, `orders.quantity_exceeded`
 */
export async function fulfillUnits(
  open: OpenOrder,
  wanted: readonly { lineId: string; quantity: number }[],
): Promise<Fulfillment[]> {
  const held = await heldUnits(open);
  const byLocation = new Map<string, { lineId: string; quantity: number }[]>();
  for (const { lineId, quantity } of wanted) {
    const line = open.line(lineId);
    if (!line) throw new Failure('orders.line_not_found', 'The order has no such line.', { line_id: lineId });
    if (quantity > unallocatedUnits(line)) throw exceeded(line);
    let left = quantity;
    for (const one of held.filter((units) => units.lineId === lineId)) {
      const units = Math.min(one.units, left);
      if (units <= 0) continue;
      one.units -= units;
      left -= units;
      byLocation.set(one.location, [...(byLocation.get(one.location) ?? []), { lineId, quantity: units }]);
    }
    if (left > 0) throw exceeded(line);
  }
  return [...byLocation].map(([location, lines]) => addFulfillment(open, location, lines));
}

function exceeded(line: OrderLine): Failure {
  return new Failure('orders.quantity_exceeded', 'So many units of this line are not left to be shipped.', {
    line_id: line.id,
    left: line.missing ? 0 : unallocatedUnits(line),
  });
}

function addFulfillment(
  open: OpenOrder,
  location: string,
  wanted: readonly { lineId: string; quantity: number }[],
): Fulfillment {
  const { order } = open;
  const lines = wanted.map(({ lineId, quantity }): FulfillmentLine => {
    const line = open.line(lineId);
    if (!line) throw new Error('A fulfilment is made of lines of its order.');
    // What the line costs up to here, less what earlier packages take of it: so all packages add up to the line.
    const taken = liveAmount(open, lineId);
    line.allocated += quantity;
    return { lineId, quantity, amount: costOfUnits(line, line.allocated) - taken };
  });
  // The first package bears the shipping; when that is called off, the next one.
  const amount = lines.reduce((sum, line) => sum + line.amount, order.shipping - liveShipping(order));
  const one: Fulfillment = {
    id: uuidv7(),
    number: order.fulfillments.length + 1,
    location,
    status: 'allocated',
    amount,
    carrier: null,
    service: null,
    trackingNumber: null,
    trackingUrl: null,
    labelRef: null,
    labelUrl: null,
    labelState: 'none',
    labelCost: null,
    labelTries: 0,
    labelRetryAt: null,
    trackingStatus: null,
    trackedAt: null,
    problem: null,
    createdAt: open.now,
    shippedAt: null,
    deliveredAt: null,
    lines,
  };
  order.fulfillments.push(one);
  open.touchFulfillment(one);
  open.tell('fulfillment.created', { fulfillment_id: one.id, location, lines: shown(one) });
  return one;
}

function liveAmount(open: OpenOrder, lineId: string): bigint {
  return open.order.fulfillments
    .filter(isLive)
    .flatMap(({ lines }) => lines)
    .filter((line) => line.lineId === lineId)
    .reduce((sum, { amount }) => sum + amount, 0n);
}

/** What packages take of the shipping already. */
function liveShipping({ fulfillments }: Order): bigint {
  return fulfillments
    .filter(isLive)
    .reduce((sum, { amount, lines }) => lines.reduce((rest, line) => rest - line.amount, sum + amount), 0n);
}

/** Moves a fulfilment along one edge. */
export function moveFulfillment(open: OpenOrder, one: Fulfillment, to: FulfillmentStatus): void {
  if (!canMoveFulfillment(one.status, to))
    throw new Failure(
      'orders.fulfillment_state',
      `The fulfilment is ${one.status} and cannot become ${to}.`,
      {
        fulfillment_status: one.status,
      },
    );
  one.status = to;
  open.touchFulfillment(one);
}

/**
 * Calls a fulfilment off before it has left. Its units are free again for another one; the stock stays held for the order
 * until that lets go of it.
 *
 * @param reason a code
 * @param more.note why, in the words of whoever wants it
 */
export function callOff(
  open: OpenOrder,
  one: Fulfillment,
  to: 'cancelled' | 'failed',
  reason: string,
  { problem = null, note = null }: { problem?: ProcessProblem | null; note?: string | null } = {},
): void {
  moveFulfillment(open, one, to);
  one.problem = problem;
  one.labelTries = 0;
  one.labelRetryAt = null;
  for (const { lineId, quantity } of one.lines) {
    const line = open.line(lineId);
    if (line) line.allocated -= quantity;
  }
  const facts = { fulfillment_id: one.id, reason, lines: shown(one) };
  open.tell('fulfillment.cancelled', facts, note ? { note } : {});
}

export function callOffAll(open: OpenOrder, reason: string): void {
  for (const one of open.order.fulfillments)
    if (isBeforeShipping(one.status)) callOff(open, one, 'cancelled', reason);
}

/** Packages whose labels bear another address than the order now has are made anew, and their labels are given back. */
export function readdress(open: OpenOrder): void {
  const labelled = open.order.fulfillments.filter(
    ({ status, labelState }) =>
      isBeforeShipping(status) && (labelState === 'requested' || labelState === 'bought'),
  );
  for (const one of labelled) {
    callOff(open, one, 'cancelled', 'address_changed');
    addFulfillment(open, one.location, one.lines);
  }
}

/** Takes units of a line out of packages that have not left: each is made anew with what is left of it. */
export function takeOut(open: OpenOrder, lineId: string, units: number, reason: string): void {
  let left = units;
  for (const one of open.order.fulfillments.filter(({ status }) => isBeforeShipping(status))) {
    const within = one.lines.find((line) => line.lineId === lineId);
    if (!within || left <= 0) continue;
    const out = Math.min(within.quantity, left);
    left -= out;
    callOff(open, one, 'cancelled', reason);
    const rest = one.lines
      .map((line) => (line === within ? { ...line, quantity: line.quantity - out } : line))
      .filter(({ quantity }) => quantity > 0);
    if (rest.length > 0) addFulfillment(open, one.location, rest);
  }
}

/** A package has a label of somebody else's. */
export function bringTracking(
  open: OpenOrder,
  one: Fulfillment,
  tracking: { carrier: string; number: string; url?: string | undefined },
): void {
  one.carrier = tracking.carrier;
  one.trackingNumber = tracking.number;
  one.trackingUrl = tracking.url ?? null;
  open.touchFulfillment(one);
  open.tell('order.external_ids_added', { external_ids: [`tracking:${tracking.number}`] });
}

/** A package has left: its units are out of the stock, and the order follows. */
export async function markShipped(open: OpenOrder, one: Fulfillment): Promise<void> {
  moveFulfillment(open, one, 'shipped');
  one.shippedAt = open.now;
  await shipStock(open, one.location, one.lines);
  for (const { lineId, quantity } of one.lines) {
    const line = open.line(lineId);
    if (line) line.shipped += quantity;
  }
  open.tell('order.shipped', {
    fulfillment_id: one.id,
    carrier: one.carrier,
    tracking_number: one.trackingNumber,
    tracking_url: one.trackingUrl,
    lines: shown(one),
  });
  open.follow('shipped');
  // Its carrier may have been faster than we were.
  if (one.trackingStatus && isTrackingOver(one.trackingStatus)) arrive(open, one, one.trackingStatus);
}

export interface CarrierReport extends TrackingPoint {
  message: string | null;
  place: string | null;
}

/**
 * Takes what a carrier says of a package: every report is kept, and the current status never goes back. The same report
 * twice is one.
 *
 * @returns whether anything is new
 */
export async function track(open: OpenOrder, one: Fulfillment, report: CarrierReport): Promise<boolean> {
  const { order, transaction } = open;
  const added = await transaction.sql(
    `insert into orders.tracking_events (id, fulfillment_id, tenant_id, status, message, place, occurred_at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id`,
    [uuidv7(), one.id, order.tenantId, report.status, report.message, report.place, report.occurredAt],
  );
  if (added.length === 0) return false;
  const before: TrackingPoint | null =
    one.trackingStatus && one.trackedAt
      ? { status: one.trackingStatus, occurredAt: one.trackedAt.toISOString() }
      : null;
  const after = trackedAfter(before, report);
  one.trackingStatus = after.status;
  one.trackedAt = new Date(after.occurredAt);
  open.touchFulfillment(one);
  open.tell('shipment.updated', {
    fulfillment_id: one.id,
    reported: report.status,
    occurred_at: report.occurredAt,
    tracking_status: after.status,
    carrier: one.carrier,
    tracking_number: one.trackingNumber,
  });
  const over = isTrackingOver(after.status) && (before === null || !isTrackingOver(before.status));
  if (over && one.status === 'shipped') arrive(open, one, after.status);
  return true;
}

/** A package has come to its end: with the customer, or back. */
function arrive(open: OpenOrder, one: Fulfillment, status: TrackingStatus): void {
  const delivered = status === 'delivered';
  moveFulfillment(open, one, delivered ? 'delivered' : 'returned_to_sender');
  if (delivered) one.deliveredAt = one.trackedAt;
  for (const { lineId, quantity } of one.lines) {
    const line = open.line(lineId);
    if (!line) continue;
    if (delivered) line.delivered += quantity;
    else line.undeliverable += quantity;
  }
  open.follow(status);
}

/** A package is given up for lost. */
export function markLost(open: OpenOrder, one: Fulfillment): void {
  moveFulfillment(open, one, 'lost');
  for (const { lineId, quantity } of one.lines) {
    const line = open.line(lineId);
    if (line) line.undeliverable += quantity;
  }
  open.tell('shipment.updated', {
    fulfillment_id: one.id,
    reported: 'lost',
    tracking_status: one.trackingStatus,
  });
  open.follow('lost');
}

export function shown({ lines }: Pick<Fulfillment, 'lines'>): { line_id: string; quantity: number }[] {
  return lines.map(({ lineId, quantity }) => ({ line_id: lineId, quantity }));
}

export interface TrackingEntry {
  fulfillmentId: string;
  status: TrackingStatus;
  message: string | null;
  place: string | null;
  /** ISO 8601, as the carrier says. */
  occurredAt: string;
}

/** Everything that carriers have said of the packages of an order, in the order in which it happened. */
export async function trackingOf(sql: Sql, tenantId: string, orderId: string): Promise<TrackingEntry[]> {
  return await sql<TrackingEntry>(
    `select t.fulfillment_id as "fulfillmentId", t.status, t.message, t.place,
       to_char(t.occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt"
     from orders.tracking_events t join orders.fulfillments f on f.id = t.fulfillment_id
     where t.tenant_id = $1 and f.order_id = $2 order by t.occurred_at, t.received_at`,
    [tenantId, orderId],
  );
}
