import { planAllocation, type Offer } from '../../domain/orders/allocation.ts';
import type { Transaction } from '../database.ts';
import type { OpenOrder } from './open-order.ts';

/** Where things are made that are not kept in stock. */
export const madeToOrderAt = 'made-to-order';

/**
 * Locks what is in stock of everything that an order is of, in the one order in which everybody does: before a change that
 * gives and takes line by line, in whatever order they are named.
 */
export async function lockStock({ order, transaction }: OpenOrder): Promise<void> {
  await transaction.sql(
    `select 1 from orders.stock where tenant_id = $1 and sku = any($2::text[]) order by sku, location for update`,
    [order.tenantId, order.lines.map(({ sku }) => sku)],
  );
}

/**
 * Holds stock for the units of an order that are not held yet: those of a line whole, or none of them. A line that is not to be
 * had is marked as missing. Rows are locked in one order by everybody, so that orders wait for each other and never in a circle.
 */
export async function reserveStock(open: OpenOrder): Promise<void> {
  const { order, transaction } = open;
  const { sql } = transaction;
  const held = await sql<{ lineId: string; units: number }>(
    `select line_id as "lineId", sum(quantity - released)::int as units from orders.reservations
     where order_id = $1 group by line_id`,
    [order.id],
  );
  const wishes = order.lines.flatMap(({ id: lineId, sku, quantity, cancelled }) => {
    const units = held.find((one) => one.lineId === lineId)?.units ?? 0;
    const left = quantity - cancelled - units;
    return left > 0 ? [{ lineId, sku, quantity: left }] : [];
  });
  const skus = wishes.map(({ sku }) => sku);
  const items = await sql<{ sku: string }>(
    'select sku from orders.items where tenant_id = $1 and sku = any($2::text[])',
    [order.tenantId, skus],
  );
  const rows = await sql<Offer & { sku: string }>(
    `select sku, location, on_hand - reserved as available from orders.stock
     where tenant_id = $1 and sku = any($2::text[]) order by sku, location for update`,
    [order.tenantId, skus],
  );
  const offers = new Map<string, Offer[]>(items.map(({ sku }) => [sku, []]));
  for (const { sku, ...offer } of rows) offers.set(sku, [...(offers.get(sku) ?? []), offer]);
  const { allocations, missing } = planAllocation(wishes, offers, madeToOrderAt);
  for (const { lineId, sku, location, quantity } of allocations) {
    const stocked = offers.has(sku);
    if (stocked) await moveReserved(transaction, order.tenantId, { sku, location, by: quantity });
    await sql(
      `insert into orders.reservations as r (order_id, line_id, tenant_id, sku, location, stocked, quantity)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (line_id, location) do update set quantity = r.quantity + excluded.quantity`,
      [order.id, lineId, order.tenantId, sku, location, stocked, quantity],
    );
  }
  for (const { lineId } of wishes) {
    const line = open.line(lineId);
    if (line) line.missing = missing.some((one) => one.lineId === lineId);
  }
  order.reservedAt ??= open.now;
  const lines = allocations.map(({ lineId, ...rest }) => ({ line_id: lineId, ...rest }));
  if (lines.length > 0) open.tell('inventory.reserved', { lines });
}

/**
 * Gives back what is held for an order: of one line so many units, or all that has not left. Only what is held can be
 * given back, so that stock never grows out of nothing, whatever is repeated.
 */
export async function releaseStock(open: OpenOrder, only?: { lineId: string; units: number }): Promise<void> {
  const { order, transaction } = open;
  const rows = await transaction.sql<{
    lineId: string;
    sku: string;
    location: string;
    stocked: boolean;
    held: number;
  }>(
    `select line_id as "lineId", sku, location, stocked, quantity - shipped - released as held from orders.reservations
     where order_id = $1 and ($2::uuid is null or line_id = $2) and quantity > shipped + released
     order by sku, location for update`,
    [order.id, only?.lineId ?? null],
  );
  const released = [];
  let left = only?.units ?? Number.POSITIVE_INFINITY;
  for (const { lineId, sku, location, stocked, held } of rows) {
    const units = Math.min(held - packedUnits(open, lineId, location), left);
    if (units <= 0) continue;
    left -= units;
    await transaction.sql(
      'update orders.reservations set released = released + $3 where line_id = $1 and location = $2',
      [lineId, location, units],
    );
    if (stocked) await moveReserved(transaction, order.tenantId, { sku, location, by: -units });
    released.push({ line_id: lineId, sku, location, quantity: units });
  }
  if (released.length > 0) open.tell('inventory.released', { lines: released });
}

/** Units that are about to leave: they are held until they do, or until their fulfilment is called off. */
function packedUnits({ order }: OpenOrder, lineId: string, location: string): number {
  return order.fulfillments
    .filter((one) => one.location === location && (one.status === 'allocated' || one.status === 'packed'))
    .flatMap(({ lines }) => lines)
    .filter((line) => line.lineId === lineId)
    .reduce((sum, { quantity }) => sum + quantity, 0);
}

/** Takes what leaves with a package out of the stock and out of what is held. */
export async function shipStock(
  open: OpenOrder,
  location: string,
  lines: readonly { lineId: string; quantity: number }[],
): Promise<void> {
  const { order, transaction } = open;
  const skuOf = ({ lineId }: { lineId: string }) => open.line(lineId)?.sku ?? '';
  // In the one order in which everybody locks what is in stock.
  for (const { lineId, quantity } of lines.toSorted((a, b) => (skuOf(a) < skuOf(b) ? -1 : 1))) {
    const [row] = await transaction.sql<{ sku: string; stocked: boolean }>(
      `update orders.reservations set shipped = shipped + $3 where line_id = $1 and location = $2
       returning sku, stocked`,
      [lineId, location, quantity],
    );
    if (!row) throw new Error('What is shipped was not held.');
    if (!row.stocked) continue;
    await transaction.sql(
      `update orders.stock set on_hand = on_hand - $4, reserved = reserved - $4, updated_at = now()
       where tenant_id = $1 and sku = $2 and location = $3`,
      [order.tenantId, row.sku, location, quantity],
    );
  }
}

async function moveReserved(
  { sql }: Transaction,
  tenantId: string,
  { sku, location, by }: { sku: string; location: string; by: number },
): Promise<void> {
  await sql(
    `update orders.stock set reserved = reserved + $4, updated_at = now()
     where tenant_id = $1 and sku = $2 and location = $3`,
    [tenantId, sku, location, by],
  );
}
