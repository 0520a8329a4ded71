import type { Domain } from '../../domain/domains.ts';
import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/**
 * Forgets up to `limit` delivered events older than the retention. The audit log keeps them for good. Gives how many went: call it
 * until that is 0.
 */
export async function pruneOutbox(
  sql: Sql,
  domain: Domain,
  retentionDays: number,
  limit: number,
): Promise<number> {
  return await countRows(
    sql,
    `delete from ${domain}.outbox where position in (
       select o.position from ${domain}.outbox o where o.occurred_at < now() - make_interval(days => $1)
         and not exists (select 1 from ${domain}.outbox_deliveries d where d.position = o.position)
       order by o.occurred_at limit $2)`,
    [retentionDays, limit],
  );
}
