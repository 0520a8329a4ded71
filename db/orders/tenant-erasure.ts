import { countRowsOfAll } from '../count-rows.ts';
import { erasedCountsOfTenant } from '../erasure-counts.ts';
import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';

/** Up to `$2` rows of tenant `$1` each. What hangs on an order goes with it. */
const statements = [
  `delete from orders.orders where id in (select id from orders.orders where tenant_id = $1 limit $2)`,
  `delete from orders.stock where tenant_id = $1 and (sku, location) in (
     select sku, location from orders.stock where tenant_id = $1 limit $2)`,
  `delete from orders.locations where tenant_id = $1 and location in (
     select location from orders.locations where tenant_id = $1 limit $2)`,
  `delete from orders.items where tenant_id = $1 and sku in (
     select sku from orders.items where tenant_id = $1 limit $2)`,
  erasedCountsOfTenant('orders'),
];

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromOrders(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const removed = await countRowsOfAll(sql, statements, [tenantId, limit]);
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'orders', tenantId, limit);
}
