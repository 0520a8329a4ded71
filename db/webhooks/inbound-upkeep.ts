import type { Sql } from '../sql.ts';

export interface DueEvent {
  id: string;
  tenantId: string;
  run: number;
  attempt: number;
}

/**
 * Takes events that are due: to be tried again, or received so long ago that their workflow must have been lost. A little
 * late, as a workflow makes the first new attempt by itself.
 */
export async function takeDue(sql: Sql, limit: number): Promise<DueEvent[]> {
  return await sql<DueEvent>(
    `update webhooks.inbound_events set state = 'received', run = run + 1, next_at = now() + interval '15 minutes'
     where id in (
       select e.id from webhooks.inbound_events e join webhooks.sources s on s.id = e.source_id
       where e.next_at < now() - interval '15 seconds' and e.state in ('received', 'retrying') and s.state = 'active'
       order by e.next_at limit $1 for update of e skip locked)
     returning id, tenant_id as "tenantId", run, attempts + 1 as attempt`,
    [limit],
  );
}

/** Gives up events that have waited too long for what they speak of. */
export async function buryUnclaimed(
  sql: Sql,
  limit: number,
  error: { code: string; message: string },
): Promise<{ id: string; tenantId: string; sourceId: string; topic: string }[]> {
  const rows = await sql<{ id: string; tenantId: string; sourceId: string; topic: string }>(
    `update webhooks.inbound_events set state = 'dead', next_at = null, error_code = $2, error = $3, settled_at = now()
     where id in (
       select id from webhooks.inbound_events where next_at < now() and state = 'parked'
       order by next_at limit $1 for update skip locked)
     returning id, tenant_id as "tenantId", source_id as "sourceId", topic`,
    [limit, error.code, error.message],
  );
  await sql('delete from webhooks.inbound_waits where event_id = any($1::uuid[])', [
    rows.map(({ id }) => id),
  ]);
  return rows;
}

/** Forgets bodies, and later whole deliveries, that are old. What is still to be done keeps its body. Gives how many. */
export async function forgetOldInbound(
  sql: Sql,
  days: { bodies: number; log: number },
  limit: number,
): Promise<number> {
  const open = `exists (select 1 from webhooks.inbound_events e where e.delivery_id = d.id
                        and e.state in ('received', 'held', 'retrying', 'parked'))`;
  const [row] = await sql<{ gone: number }>(
    `with emptied as (
       update webhooks.inbound_deliveries set body = null, headers = '{}' where id in (
         select id from webhooks.inbound_deliveries d
         where received_at < now() - make_interval(days => $1) and body is not null and not ${open}
         order by received_at limit $3)
       returning 1
     ), gone as (
       delete from webhooks.inbound_deliveries where id in (
         select id from webhooks.inbound_deliveries d
         where received_at < now() - make_interval(days => $2) and body is null and not ${open}
         order by received_at limit $3)
       returning 1
     )
     select (select count(*) from emptied)::int + (select count(*) from gone)::int as gone`,
    [days.bodies, days.log, limit],
  );
  return row?.gone ?? 0;
}
