import type { Domain } from '../../domain/domains.ts';
import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/**
 * Forgets up to `limit` events and answered commands of an erased tenant. What the audit log has still to hear of stays until
 * it has; nobody else needs to. Gives how many; call it until that is 0.
 */
export async function eraseTenantMessages(
  sql: Sql,
  domain: Domain,
  tenantId: string,
  limit: number,
): Promise<number> {
  const events = await countRows(
    sql,
    `with doomed as (
       select position from ${domain}.outbox o where tenant_id = $1
         and not exists (select 1 from ${domain}.outbox_deliveries d
                         where d.position = o.position and d.consumer = 'audit')
       limit $2 for update skip locked
     ) delete from ${domain}.outbox using doomed where outbox.position = doomed.position`,
    [tenantId, limit],
  );
  const commands = await countRows(
    sql,
    `delete from ${domain}.commands where scope in (
       select scope from ${domain}.commands where starts_with(scope, $1) limit $2)`,
    [`${tenantId}:`, limit],
  );
  return events + commands;
}
