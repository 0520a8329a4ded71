import type { Sql } from '../sql.ts';

/**
 * Takes out of up to `limit` entries of an erased tenant who it was and what was told. That something of its kind happened,
 * to which subject and when, stays: it is what the log is kept for. Gives how many entries; call it until that is 0.
 */
export async function redactTenant(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const [row] = await sql<{ redacted: number }>(
    `with gone as (
       update audit.audit_log set actor_id = null, trace_id = null, data = '{}'
       where event_id in (
         select event_id from audit.audit_log
         where tenant_id = $1 and (actor_id is not null or trace_id is not null or data <> '{}') limit $2)
       returning 1)
     select count(*)::int as redacted from gone`,
    [tenantId, limit],
  );
  return row?.redacted ?? 0;
}
