import { countRowsOfAll } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/** Each deletes up to `$2` rows of those that are older than `$1` days, or whose endpoint was deleted. */
const statements = [
  // Deliveries and attempts go with their message.
  `delete from webhooks.messages where id in (
     select id from webhooks.messages where created_at < now() - make_interval(days => $1)
     order by created_at limit $2)`,
  `delete from webhooks.deliveries where (message_id, endpoint_id) in (
     select d.message_id, d.endpoint_id from webhooks.deliveries d
       join webhooks.endpoints e on e.id = d.endpoint_id
     where e.state = 'deleted' and $1::integer > 0 limit $2)`,
  `delete from webhooks.attempts where id in (
     select a.id from webhooks.attempts a join webhooks.endpoints e on e.id = a.endpoint_id
     where e.state = 'deleted' and $1::integer > 0 limit $2)`,
  `delete from webhooks.recoveries where id in (
     select id from webhooks.recoveries where created_at < now() - make_interval(days => $1) limit $2)`,
  `delete from webhooks.endpoints where id in (
     select id from webhooks.endpoints e where state = 'deleted' and updated_at < now() - interval '1 day'
       and $1::integer > 0 and not exists (select 1 from webhooks.deliveries d where d.endpoint_id = e.id)
     limit $2)`,
];

/** Forgets what is older than it is kept, up to `limit` rows of each kind; call it until it gives 0. */
export async function forgetOldMessages(sql: Sql, days: number, limit: number): Promise<number> {
  return await countRowsOfAll(sql, statements, [days, limit]);
}

/**
 * Lets messages go that wait behind none of their subject any more, because the one before them was forgotten or its
 * endpoint is no longer ordered. Gives how many.
 */
export async function releaseWaiting(sql: Sql, endpointId: string | null = null): Promise<number> {
  const rows = await sql(
    `update webhooks.deliveries d set due_at = now()
     from webhooks.endpoints e
     where e.id = d.endpoint_id and d.state = 'pending' and d.due_at = 'infinity'
       and ($1::uuid is null or d.endpoint_id = $1)
       and (e.ordering = 'none' or not exists (
         select 1 from webhooks.deliveries other
         where other.endpoint_id = d.endpoint_id and other.subject = d.subject and other.state = 'pending'
           and (other.due_at < 'infinity' or other.position < d.position)))
     returning d.message_id`,
    [endpointId],
  );
  return rows.length;
}
