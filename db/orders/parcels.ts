import { isUndone } from '../../domain/orders/order-status.ts';
import { measureParcel, type PackedUnits, type UnitSize } from '../../domain/orders/parcel.ts';
import type { Sql } from '../sql.ts';
import { LocationRepository } from './location.repository.ts';
import type { OpenOrder } from './open-order.ts';
import type { Address, Fulfillment, ProcessProblem, Sender } from './order.ts';
import { StockRepository } from './stock.repository.ts';

/** What a carrier has to know of a package. */
export interface ParcelFacts {
  from: Sender;
  to: Address & { phone?: string };
  weightGrams: number;
  size: UnitSize | null;
}

export type PreparedParcel =
  | ({ kind: 'parcel' } & ParcelFacts)
  /** No carrier shall take it: nobody has said who sends from there, or it has no way to go. */
  | { kind: 'by_hand' }
  | { kind: 'lacking'; problem: ProcessProblem };

/** Finds out how a package leaves. What an item weighs now holds; of what is no item, what its order says. */
export async function prepareParcel(open: OpenOrder, one: Fulfillment): Promise<PreparedParcel> {
  const { order, transaction } = open;
  const place = await new LocationRepository(transaction.sql, order.tenantId).find(one.location);
  if (!place || !order.shippingAddress) return { kind: 'by_hand' };
  const measured = measureParcel(await unitsOf(open, one));
  if (measured.kind === 'weightless') return { kind: 'by_hand' };
  if (measured.kind === 'unweighed') return { kind: 'lacking', problem: unweighed(measured.skus) };
  const { name, phone } = order.customer;
  return {
    kind: 'parcel',
    from: place.sender,
    to: { ...(name ? { name } : {}), ...order.shippingAddress, ...(phone ? { phone } : {}) },
    weightGrams: measured.weightGrams,
    size: measured.size,
  };
}

async function unitsOf({ order, transaction }: OpenOrder, one: Fulfillment): Promise<PackedUnits[]> {
  const lines = one.lines.flatMap(({ lineId, quantity }) => {
    const line = order.lines.find(({ id }) => id === lineId);
    return line ? [{ sku: line.sku, quantity, weightGrams: line.weightGrams }] : [];
  });
  const items = await new StockRepository(transaction.sql, order.tenantId).find(lines.map(({ sku }) => sku));
  return lines.map(({ sku, quantity, weightGrams }) => {
    const item = items.find((known) => known.sku === sku);
    return { sku, quantity, weightGrams: item?.weightGrams ?? weightGrams, size: item?.size ?? null };
  });
}

function unweighed(skus: readonly string[]): ProcessProblem {
  return {
    code: 'orders.weight_missing',
    message: `The carrier takes no parcel of unknown weight. Give these a weight_grams: ${skus.join(', ')}.`,
  };
}

/** A package waits until what its carrier has to know is known. */
export function waitForMeasures(open: OpenOrder, one: Fulfillment, problem: ProcessProblem): void {
  one.labelState = 'waiting';
  one.problem = problem;
  open.touchFulfillment(one);
  open.tell('fulfillment.blocked', { fulfillment_id: one.id, code: problem.code });
}

/** A package that waits is looked at again. Nothing when it does not wait. */
export function lookAgain(open: OpenOrder, one: Fulfillment): void {
  if (one.labelState !== 'waiting' || isUndone(open.order.status)) return;
  one.labelState = 'none';
  one.problem = null;
  open.touchFulfillment(one);
  open.tell('fulfillment.unblocked', { fulfillment_id: one.id });
}

/** The packages that wait, of which an item or a location has changed. */
export async function waitingPackages(
  sql: Sql,
  tenantId: string,
  changed: { sku: string | null; location: string | null },
): Promise<{ orderId: string; fulfillmentId: string }[]> {
  return await sql<{ orderId: string; fulfillmentId: string }>(
    `select order_id as "orderId", id as "fulfillmentId" from orders.fulfillments f
     where tenant_id = $1 and label_state = 'waiting' and status = 'allocated'
       and ($2::text is null or location = $2)
       and ($3::text is null or exists (
         select 1 from orders.fulfillment_lines l join orders.order_lines o on o.id = l.line_id
         where l.fulfillment_id = f.id and o.sku = $3))
     order by id`,
    [tenantId, changed.location, changed.sku],
  );
}
