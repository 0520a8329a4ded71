import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';
import { feedErasure } from './feed-erasure.ts';

/** What a statement here may erase: rows of tenant `$1`, up to `$2` of them. What refers to others stands before them. */
const statements: readonly string[] = [...feedErasure];

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromNotifications(
  sql: Sql,
  tenantId: string,
  limit: number,
): Promise<number> {
  let removed = 0;
  for (const statement of statements) {
    const [row] = await sql<{ gone: number }>(
      `with gone as (${statement} returning 1) select count(*)::int as gone from gone`,
      [tenantId, limit],
    );
    removed += row?.gone ?? 0;
  }
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'notifications', tenantId, limit);
}
