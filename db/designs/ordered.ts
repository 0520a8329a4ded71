import type { Sql } from '../sql.ts';

/** A line of an order that names a version of a design. */
export interface OrderedLine {
  lineId: string;
  orderId: string;
  designId: string;
  version: number;
}

/**
 * Keeps the version that a line names, for good: from now on it is never swept. A design that is deleted keeps it as well.
 *
 * @returns whether this was new; false too where the tenant has no such version
 */
export async function freezeOrdered(sql: Sql, tenantId: string, line: OrderedLine): Promise<boolean> {
  const { lineId, orderId, designId, version } = line;
  await sql('select 1 from designs.designs where tenant_id = $1 and id = $2 for no key update', [
    tenantId,
    designId,
  ]);
  const frozen = await sql(
    `update designs.versions set frozen_at = coalesce(frozen_at, now())
     where tenant_id = $1 and design_id = $2 and number = $3 returning 1`,
    [tenantId, designId, version],
  );
  if (frozen.length === 0) return false;
  const added = await sql(
    `insert into designs.ordered_lines (line_id, tenant_id, order_id, design_id, version) values ($1, $2, $3, $4, $5)
     on conflict do nothing returning 1`,
    [lineId, tenantId, orderId, designId, version],
  );
  if (added.length === 0) return false;
  await sql(
    'update designs.designs set ordered_at = coalesce(ordered_at, now()) where tenant_id = $1 and id = $2',
    [tenantId, designId],
  );
  return true;
}

/** A version of a design that is to be ordered. Without a number the newest one is meant. */
export interface WantedDesign {
  id: string;
  version: number | null;
}

/** How a design stands that is to be ordered. */
export interface DesignStanding extends WantedDesign {
  /** The newest version; null for a design that is deleted, or was never there. */
  newest: number | null;
  /** The version is there: its design is not deleted, or it is kept because it was ordered. */
  orderable: boolean;
}

/** How some designs of a tenant stand, in the order in which they are asked for. */
export async function designStandings(
  sql: Sql,
  tenantId: string,
  wanted: readonly WantedDesign[],
): Promise<DesignStanding[]> {
  if (wanted.length === 0) return [];
  return await sql<DesignStanding>(
    `select w.id, w.version::float8 as version, d.version as newest,
       v.number is not null and (v.frozen_at is not null or d.id is not null) as orderable
     from unnest($2::uuid[], $3::bigint[]) with ordinality as w (id, version, place)
       left join designs.designs d on d.tenant_id = $1 and d.id = w.id and d.deleted_at is null
       left join designs.versions v on v.tenant_id = $1 and v.design_id = w.id and v.number = w.version
     order by w.place`,
    [tenantId, wanted.map(({ id }) => id), wanted.map(({ version }) => version)],
  );
}
