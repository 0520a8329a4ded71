import { countRowsOfAll } from '../count-rows.ts';
import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';

/** Up to `$2` rows of tenant `$1` each. Versions, optimisations, shares and links go with their design. */
const statements = ['designs', 'previews', 'presets', 'assets'].map(
  (table) => `delete from designs.${table} where id in (
    select id from designs.${table} where tenant_id = $1 limit $2)`,
);

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromDesigns(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const removed = await countRowsOfAll(sql, statements, [tenantId, limit]);
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'designs', tenantId, limit);
}
