import { countRowsOfAll } from '../count-rows.ts';
import { erasedCountsOfTenant } from '../erasure-counts.ts';
import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';
import { inboundErasure } from './inbound-erasure.ts';

/** What a statement here may erase: rows of tenant `$1`, up to `$2` of them. What refers to others stands before them. */
const statements: readonly string[] = [
  // First of all nothing more is sent.
  `update webhooks.endpoints set state = 'deleted', url = '', description = '', secret = '', old_secrets = '[]', headers = null
   where id in (select id from webhooks.endpoints where tenant_id = $1 and state <> 'deleted' limit $2)`,
  `delete from webhooks.recoveries where id in (
     select id from webhooks.recoveries where tenant_id = $1 limit $2)`,
  `delete from webhooks.inbound_replays where id in (
     select id from webhooks.inbound_replays where tenant_id = $1 limit $2)`,
  // Deliveries and attempts go with their message.
  `delete from webhooks.messages where id in (
     select id from webhooks.messages where tenant_id = $1 limit $2)`,
  `delete from webhooks.endpoints where id in (
     select id from webhooks.endpoints e where tenant_id = $1
       and not exists (select 1 from webhooks.deliveries d where d.endpoint_id = e.id) limit $2)`,
  erasedCountsOfTenant('webhooks'),
  ...inboundErasure,
];

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromWebhooks(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const removed = await countRowsOfAll(sql, statements, [tenantId, limit]);
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'webhooks', tenantId, limit);
}
