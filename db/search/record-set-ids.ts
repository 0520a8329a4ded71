import type { Sql } from '../sql.ts';

/** Which of these record sets the tenant has. */
export async function findRecordSetIds(
  sql: Sql,
  tenantId: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await sql<{ id: string }>(
    `select coalesce(content_of, id) as id from search.record_sets
     where tenant_id = $1 and coalesce(content_of, id) = any($2::uuid[]) and visible and deleted_at is null`,
    [tenantId, ids],
  );
  return rows.map(({ id }) => id);
}
