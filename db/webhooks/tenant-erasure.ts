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
  // Deliveries and attempts go with their message.
  `delete from webhooks.messages where id in (
     select id from webhooks.messages where tenant_id = $1 limit $2)`,
  `delete from webhooks.endpoints where id in (
     select id from webhooks.endpoints e where tenant_id = $1
       and not exists (select 1 from webhooks.deliveries d where d.endpoint_id = e.id) limit $2)`,
  `delete from webhooks.erasure_counts where tenant_id = $1 and (erasure_id, kind) in (
     select erasure_id, kind from webhooks.erasure_counts where tenant_id = $1 limit $2)`,
  ...inboundErasure,
];

/** Erases what the domain keeps of a tenant, up to `limit` rows of each kind; call it until it gives 0. */
export async function eraseTenantFromWebhooks(sql: Sql, tenantId: string, limit: number): Promise<number> {
  let removed = 0;
  for (const statement of statements) {
    const [row] = await sql<{ gone: number }>(
      `with gone as (${statement} returning 1) select count(*)::int as gone from gone`,
      [tenantId, limit],
    );
    removed += row?.gone ?? 0;
  }
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'webhooks', tenantId, limit);
}
