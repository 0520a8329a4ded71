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

/**
 * The newest versions of some designs of a tenant. Deleted ones are left out.
 *
 * @returns versions by the ID of the design
 */
export async function currentVersions(
  sql: Sql,
  tenantId: string,
  designIds: readonly string[],
): Promise<Map<string, number>> {
  if (designIds.length === 0) return new Map();
  const rows = await sql<{ id: string; version: number }>(
    'select id, version from designs.designs where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null',
    [tenantId, designIds],
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
}
