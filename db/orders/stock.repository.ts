import { Failure } from '../../domain/failure.ts';
import { planAllocation, type Offer } from '../../domain/orders/allocation.ts';
import { unallocatedUnits } from '../../domain/orders/lines.ts';
import type { UnitMeasures } from '../../domain/orders/parcel.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import type { OpenOrder } from './open-order.ts';

/** Where things are made that are not kept in stock. */
export const madeToOrderAt = 'made-to-order';

/** Of one thing in one place. */
export const mostOnHand = 100_000_000;

export interface Item extends UnitMeasures {
  sku: string;
  title: string;
  price: bigint;
  currency: string;
  active: boolean;
  version: number;
  updatedAt: Date;
  locations: { location: string; onHand: number; reserved: number; available: number }[];
}

export type NewItem = Pick<Item, 'sku' | 'title' | 'price' | 'currency' | 'active'> & Partial<UnitMeasures>;

interface ItemRow extends Omit<Item, 'price' | 'updatedAt' | 'locations'> {
  price: string;
  updatedAt: string;
  locations: Item['locations'];
}

const itemColumns = `sku, title, price_minor as price, currency, active, version, updated_at as "updatedAt",
  weight_grams as "weightGrams",
  case when length_mm is not null
    then jsonb_build_object('lengthMm', length_mm, 'widthMm', width_mm, 'heightMm', height_mm) end as size,
  (select coalesce(jsonb_agg(jsonb_build_object('location', location, 'onHand', on_hand, 'reserved', reserved,
     'available', on_hand - reserved) order by location), '[]')
   from orders.stock s where s.tenant_id = i.tenant_id and s.sku = i.sku) as locations`;

/** What a tenant sells, at what price, and how much of it is where. */
export class StockRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** By SKU. */
  async list(limit: number, after: string | null): Promise<Item[]> {
    const rows = await this.#sql<ItemRow>(
      `select ${itemColumns} from orders.items i where tenant_id = $1 and ($2::text is null or sku > $2)
       order by sku limit $3`,
      [this.#tenantId, after, limit],
    );
    return rows.map(toItem);
  }

  /** @throws Failure `orders.item_not_found` */
  async get(sku: string): Promise<Item> {
    const [item] = await this.find([sku]);
    if (!item) throw new Failure('orders.item_not_found', 'There is no such item.');
    return item;
  }

  async find(skus: readonly string[]): Promise<Item[]> {
    const rows = await this.#sql<ItemRow>(
      `select ${itemColumns} from orders.items i where tenant_id = $1 and sku = any($2::text[]) order by sku`,
      [this.#tenantId, skus],
    );
    return rows.map(toItem);
  }

  /** The same, held until the transaction ends. */
  async lock(sku: string): Promise<Item> {
    await this.#sql('select 1 from orders.items where tenant_id = $1 and sku = $2 for no key update', [
      this.#tenantId,
      sku,
    ]);
    return await this.get(sku);
  }

  /** @throws Failure `orders.item_exists` */
  async add(item: NewItem): Promise<void> {
    const rows = await this.#sql(
      `insert into orders.items (tenant_id, sku, title, price_minor, currency, active, weight_grams, length_mm, width_mm,
         height_mm)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning sku`,
      [this.#tenantId, item.sku, item.title, item.price, item.currency, item.active, ...measuresOf(item)],
    );
    if (rows.length === 0) throw new Failure('orders.item_exists', 'There is an item with this SKU.');
  }

  async change(sku: string, item: Omit<NewItem, 'sku'>): Promise<void> {
    await this.#sql(
      `update orders.items set title = $3, price_minor = $4, currency = $5, active = $6, weight_grams = $7,
         length_mm = $8, width_mm = $9, height_mm = $10, version = version + 1, updated_at = now()
       where tenant_id = $1 and sku = $2`,
      [this.#tenantId, sku, item.title, item.price, item.currency, item.active, ...measuresOf(item)],
    );
  }

  /**
   * Says how many there are, as counted. Never fewer than are held for orders.
   *
   * @throws Failure `orders.stock_negative`
   */
  async set(sku: string, location: string, onHand: number): Promise<void> {
    const rows = await this.#sql(
      `insert into orders.stock as s (tenant_id, sku, location, on_hand) values ($1, $2, $3, $4)
       on conflict (tenant_id, sku, location) do update set on_hand = $4, updated_at = now() where s.reserved <= $4
       returning sku`,
      [this.#tenantId, sku, location, onHand],
    );
    if (rows.length === 0) throw tooFew();
  }

  /**
   * Adds, or takes away with a negative number.
   *
   * @throws Failure `orders.stock_negative`, `orders.quantity_exceeded`
   */
  async adjust(sku: string, location: string, by: number): Promise<void> {
    const rows =
      by < 0
        ? await this.#sql(
            `update orders.stock set on_hand = on_hand + $4, updated_at = now()
             where tenant_id = $1 and sku = $2 and location = $3 and on_hand + $4 >= reserved returning sku`,
            [this.#tenantId, sku, location, by],
          )
        : await this.#sql(
            `insert into orders.stock as s (tenant_id, sku, location, on_hand) values ($1, $2, $3, $4)
             on conflict (tenant_id, sku, location) do update
               set on_hand = s.on_hand + excluded.on_hand, updated_at = now()
               where s.on_hand::bigint + excluded.on_hand <= $5 returning sku`,
            [this.#tenantId, sku, location, by, mostOnHand],
          );
    if (rows.length > 0) return;
    if (by < 0) throw tooFew();
    throw new Failure('orders.quantity_exceeded', 'So many are not kept in one place.', { most: mostOnHand });
  }
}

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
 * Holds stock for the lines of an order that are not held yet: each whole, or not at all. What is not to be had is marked
 * as missing. Rows are locked in one order by everybody, so that orders wait for each other and never in a circle.
 */
export async function reserveStock(open: OpenOrder): Promise<void> {
  const { order, transaction } = open;
  const { sql } = transaction;
  const held = await sql<{ lineId: string }>(
    `select distinct line_id as "lineId" from orders.reservations where order_id = $1 and shipped + released < quantity`,
    [order.id],
  );
  const wanted = order.lines.filter(
    (line) => unallocatedUnits(line) > 0 && !held.some(({ lineId }) => lineId === line.id),
  );
  const skus = wanted.map(({ sku }) => sku);
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
  const wishes = wanted.map((line) => ({ lineId: line.id, sku: line.sku, quantity: unallocatedUnits(line) }));
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
  for (const line of wanted) line.missing = missing.some(({ lineId }) => lineId === line.id);
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

function toItem(row: ItemRow): Item {
  return { ...row, price: BigInt(row.price), updatedAt: new Date(row.updatedAt) };
}

function measuresOf({ weightGrams, size }: Partial<UnitMeasures>): (number | null)[] {
  return [weightGrams ?? null, size?.lengthMm ?? null, size?.widthMm ?? null, size?.heightMm ?? null];
}

function tooFew(): Failure {
  return new Failure('orders.stock_negative', 'More of it is held for orders than would be left.');
}
