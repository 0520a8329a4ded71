import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';

/** Tables of the domain, those that refer to others first. Versions, shares and links go with their design. */
const tables = ['designs', 'previews', 'presets', 'assets'] as const;

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromDesigns(sql: Sql, tenantId: string, limit: number): Promise<number> {
  let removed = 0;
  for (const table of tables) {
    const [row] = await sql<{ gone: number }>(
      `with gone as (
         delete from designs.${table} where id in (
           select id from designs.${table} where tenant_id = $1 limit $2)
         returning 1)
       select count(*)::int as gone from gone`,
      [tenantId, limit],
    );
    removed += row?.gone ?? 0;
  }
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'designs', tenantId, limit);
}
