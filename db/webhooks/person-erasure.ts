import type { Needles } from '../../domain/search/data-subject.ts';
import type { Sql } from '../sql.ts';
import { mayBeOf, needleParameters } from '../speaking-texts.ts';

/** A body that came in, and whether what it led to still needs it. */
export interface KeptBody {
  id: string;
  /** Sealed. */
  body: string;
  inboundId: string | null;
  needed: boolean;
}

/** Bodies of a tenant that came in before a moment, in the order of their IDs. */
export async function bodiesAfter(
  sql: Sql,
  tenantId: string,
  before: string,
  after: string | null,
  limit: number,
): Promise<KeptBody[]> {
  return await sql<KeptBody>(
    `select d.id, d.body, e.id as "inboundId",
       coalesce(e.state in ('received', 'retrying', 'parked', 'held') or exists (
         select 1 from webhooks.outbox_deliveries w join webhooks.outbox o using (position)
         where w.consumer = 'order-webhooks' and o.data ->> 'inbound_id' = e.id::text), false) as needed
     from webhooks.inbound_deliveries d
       left join webhooks.inbound_events e
         on e.source_id = d.source_id and e.topic = d.topic and e.event_id = d.event_id
     where d.tenant_id = $1 and d.received_at <= $2 and d.body is not null and ($3::uuid is null or d.id > $3)
     order by d.id limit $4`,
    [tenantId, before, after, limit],
  );
}

/** Forgets bodies; that they came, and what they led to, stays. Gives how many. */
export async function forgetBodies(sql: Sql, ids: readonly string[]): Promise<number> {
  const rows = await sql(
    `update webhooks.inbound_deliveries set body = null where id = any($1::uuid[]) and body is not null returning id`,
    [ids],
  );
  return rows.length;
}

/** A message, or an answer to one, that may speak of the person. */
export interface SentText {
  id: string;
  text: unknown;
}

/** Those of a page of messages that may speak of the person, and where the page ends; null at the end of all. */
export async function messagesAfter(
  sql: Sql,
  tenantId: string,
  before: string,
  after: string | null,
  limit: number,
  needles: Needles | null,
): Promise<{ found: SentText[]; reached: string | null }> {
  const rows = await sql<{ reached: string; id: string | null; text: unknown }>(
    `with page as materialized (
       select id, bodies from webhooks.messages
       where tenant_id = $1 and created_at <= $2 and ($3::uuid is null or id > $3) order by id limit $4
     ), last as (select id as reached from page order by id desc limit 1)
     select last.reached, p.id, p.bodies as text
     from last left join page p on ${mayBeOf('p.bodies::text', 5)} order by p.id`,
    [tenantId, before, after, limit, ...needleParameters(needles)],
  );
  return found(rows);
}

/** The same of the answers to messages. */
export async function answersAfter(
  sql: Sql,
  tenantId: string,
  before: string,
  after: string | null,
  limit: number,
  needles: Needles | null,
): Promise<{ found: SentText[]; reached: string | null }> {
  const rows = await sql<{ reached: string; id: string | null; text: unknown }>(
    `with page as materialized (
       select id, response_body, response_headers from webhooks.attempts
       where tenant_id = $1 and started_at <= $2 and ($3::uuid is null or id > $3) order by id limit $4
     ), last as (select id as reached from page order by id desc limit 1)
     select last.reached, p.id, jsonb_build_array(p.response_body, p.response_headers) as text
     from last left join page p
       on ${mayBeOf(`coalesce(p.response_body, '') || coalesce(p.response_headers::text, '')`, 5)} order by p.id`,
    [tenantId, before, after, limit, ...needleParameters(needles)],
  );
  return found(rows);
}

/** Deletes messages, and with them what is still to be sent of them and how it fared. Gives how many. */
export async function deleteMessages(sql: Sql, ids: readonly string[]): Promise<number> {
  const rows = await sql('delete from webhooks.messages where id = any($1::uuid[]) returning id', [ids]);
  return rows.length;
}

/** Forgets what receivers have answered; that they have, and how, stays. Gives how many. */
export async function forgetAnswers(sql: Sql, ids: readonly string[]): Promise<number> {
  const rows = await sql(
    `update webhooks.attempts set response_body = null, response_headers = null, response_cut = false
     where id = any($1::uuid[]) and (response_body is not null or response_headers is not null) returning id`,
    [ids],
  );
  return rows.length;
}

function found(rows: { reached: string; id: string | null; text: unknown }[]): {
  found: SentText[];
  reached: string | null;
} {
  return {
    found: rows.flatMap(({ id, text }) => (id === null ? [] : [{ id, text }])),
    reached: rows[0]?.reached ?? null,
  };
}
