import { countRowsOfAll } from '../count-rows.ts';
import { erasedCountsOfTenant } from '../erasure-counts.ts';
import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';
import { feedErasure } from './feed-erasure.ts';

/** What a statement here may erase: rows of tenant `$1`, up to `$2` of them. What refers to others stands before them. */
const statements: readonly string[] = [
  ...feedErasure,
  // Attempts, reports, and which notices it tells, go with a delivery.
  `delete from notifications.deliveries where id in (
     select id from notifications.deliveries where tenant_id = $1 limit $2)`,
  `delete from notifications.notices where id in (
     select id from notifications.notices where tenant_id = $1 limit $2)`,
  // What an address is suppressed for goes with it.
  `delete from notifications.addresses where id in (
     select id from notifications.addresses where tenant_id = $1 limit $2)`,
  `delete from notifications.preferences where tenant_id = $1 and $2::integer > 0`,
  erasedCountsOfTenant('notifications'),
];

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromNotifications(
  sql: Sql,
  tenantId: string,
  limit: number,
): Promise<number> {
  const removed = await countRowsOfAll(sql, statements, [tenantId, limit]);
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'notifications', tenantId, limit);
}
