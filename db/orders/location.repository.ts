import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import type { Sender } from './order.ts';

export interface Location {
  location: string;
  sender: Sender;
  updatedAt: Date;
}

const columns = `location, sender, updated_at as "updatedAt"`;

/** Where a tenant sends from by carrier: a location that is not among them sends by hand. */
export class LocationRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  async list(limit: number, after: string | null): Promise<Location[]> {
    const rows = await this.#sql<Location>(
      `select ${columns} from orders.locations where tenant_id = $1 and ($2::text is null or location > $2)
       order by location limit $3`,
      [this.#tenantId, after, limit],
    );
    return rows.map(toLocation);
  }

  async find(location: string): Promise<Location | null> {
    const [row] = await this.#sql<Location>(
      `select ${columns} from orders.locations where tenant_id = $1 and location = $2`,
      [this.#tenantId, location],
    );
    return row ? toLocation(row) : null;
  }

  /** @throws Failure `orders.location_not_found` */
  async get(location: string): Promise<Location> {
    return (await this.find(location)) ?? missing();
  }

  /** @throws Failure `orders.location_exists` */
  async add(location: string, sender: Sender): Promise<void> {
    const rows = await this.#sql(
      `insert into orders.locations (tenant_id, location, sender) values ($1, $2, $3)
       on conflict do nothing returning location`,
      [this.#tenantId, location, JSON.stringify(sender)],
    );
    if (rows.length === 0) throw new Failure('orders.location_exists', 'The location has a sender already.');
  }

  /** @throws Failure `orders.location_not_found` */
  async change(location: string, sender: Sender): Promise<void> {
    const rows = await this.#sql(
      `update orders.locations set sender = $3, updated_at = now() where tenant_id = $1 and location = $2
       returning location`,
      [this.#tenantId, location, JSON.stringify(sender)],
    );
    if (rows.length === 0) missing();
  }

  /** @throws Failure `orders.location_not_found` */
  async remove(location: string): Promise<void> {
    const rows = await this.#sql(
      'delete from orders.locations where tenant_id = $1 and location = $2 returning location',
      [this.#tenantId, location],
    );
    if (rows.length === 0) missing();
  }
}

function missing(): never {
  throw new Failure('orders.location_not_found', 'No sender is known of this location.');
}

function toLocation(row: Location): Location {
  return { ...row, updatedAt: new Date(row.updatedAt) };
}
