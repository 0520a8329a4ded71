import { Failure } from '../../domain/failure.ts';
import type { UnitMeasures } from '../../domain/orders/parcel.ts';
import type { Sql } from '../sql.ts';

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

function toItem(row: ItemRow): Item {
  return { ...row, price: BigInt(row.price), updatedAt: new Date(row.updatedAt) };
}

function measuresOf({ weightGrams, size }: Partial<UnitMeasures>): (number | null)[] {
  return [weightGrams ?? null, size?.lengthMm ?? null, size?.widthMm ?? null, size?.heightMm ?? null];
}

function tooFew(): Failure {
  return new Failure('orders.stock_negative', 'More of it is held for orders than would be left.');
}
