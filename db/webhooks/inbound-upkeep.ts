import { countRowsOfAll } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

export interface DueEvent {
  id: string;
  tenantId: string;
  run: number;
  attempt: number;
}

/** Another run of an event: it is due again should its workflow be lost too. */
const anotherRun = `state = 'received', run = run + 1, next_at = now() + interval '15 minutes'`;
const dueEvent = `id, tenant_id as "tenantId", run, attempts + 1 as attempt`;

/**
 * Takes events that are due: to be tried again, or received so long ago that their workflow must have been lost. A little
 * late, as a workflow makes the first new attempt by itself.
 */
export async function takeDue(sql: Sql, limit: number): Promise<DueEvent[]> {
  return await sql<DueEvent>(
    `update webhooks.inbound_events set ${anotherRun}
     where id in (
       select e.id from webhooks.inbound_events e join webhooks.sources s on s.id = e.source_id
       where e.next_at < now() - interval '15 seconds' and e.state in ('received', 'retrying') and s.state = 'active'
       order by e.next_at limit $1 for update of e skip locked)
     returning ${dueEvent}`,
    [limit],
  );
}

/**
 * Takes events that were held while their source was paused and is not any more, the oldest first. Looked for again and again,
 * as one that comes while its source is just being resumed is held too.
 */
export async function takeReleased(sql: Sql, limit: number): Promise<DueEvent[]> {
  return await sql<DueEvent>(
    `update webhooks.inbound_events set ${anotherRun}
     where id in (
       select held.id from webhooks.sources s cross join lateral (
         select id from webhooks.inbound_events e where e.source_id = s.id and e.state = 'held'
         order by id limit $1 for update skip locked) held
       where s.state = 'active' limit $1)
     returning ${dueEvent}`,
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

/** Each deletes up to `$1` rows of sources that are deleted. What refers to others stands before them. */
const ofDeletedSources = [
  ...['events', 'deliveries', 'entities'].map(
    (what) => `delete from webhooks.inbound_${what} where id in (
      select sent.id from webhooks.sources s cross join lateral (
        select id from webhooks.inbound_${what} where source_id = s.id limit $1) sent
      where s.state = 'deleted' limit $1)`,
  ),
  `delete from webhooks.sources where id in (
     select id from webhooks.sources s where state = 'deleted'
       and not exists (select 1 from webhooks.inbound_deliveries d where d.source_id = s.id)
       and not exists (select 1 from webhooks.inbound_entities n where n.source_id = s.id)
     limit $1)`,
];

/** Forgets what deleted sources have sent, up to `limit` rows of each kind; call it until it gives 0. */
export async function forgetDeletedSources(sql: Sql, limit: number): Promise<number> {
  return await countRowsOfAll(sql, ofDeletedSources, [limit]);
}

/** Before the first delivery of all. */
export const firstDelivery = '00000000-0000-0000-0000-000000000000';

/**
 * Forgets bodies, and later whole deliveries, that are old. What is still to be done keeps its body. Looks at one page of
 * deliveries in the order of their IDs, in which they came: most of those that are kept have lost their body long ago, and
 * to look for the others from the beginning each time would take the square of their number.
 *
 * @param after the delivery that the page before ended with
 * @returns how many bodies and deliveries went, and where the page ends; null when what follows is not old yet
 */
export async function forgetOldInbound(
  sql: Sql,
  days: { bodies: number; log: number },
  after: string,
  limit: number,
): Promise<{ gone: number; reached: string | null }> {
  const [row] = await sql<{ gone: number; reached: string | null }>(
    `with page as materialized (
       select id, body is null as emptied, received_at < now() - make_interval(days => $1) as old,
         received_at < now() - make_interval(days => $2) as over
       from webhooks.inbound_deliveries where id > $3 order by id limit $4
     ), done as materialized (
       select * from page where old and not exists (
         select 1 from webhooks.inbound_events e
         where e.delivery_id = page.id and e.state in ('received', 'held', 'retrying', 'parked'))
     ), emptied as (
       update webhooks.inbound_deliveries set body = null, headers = '{}'
       where id in (select id from done where not emptied) returning 1
     ), gone as (
       delete from webhooks.inbound_deliveries where id in (select id from done where emptied and over) returning 1
     ), replays as (
       delete from webhooks.inbound_replays where id in (
         select id from webhooks.inbound_replays
         where created_at < now() - make_interval(days => $2) and finished_at is not null limit $4)
       returning 1
     )
     select (select count(*) from emptied)::int + (select count(*) from gone)::int
         + (select count(*) from replays)::int as gone,
       (select id from page where exists (select 1 from page where old) order by id desc limit 1) as reached`,
    [days.bodies, days.log, after, limit],
  );
  return row ?? { gone: 0, reached: null };
}
