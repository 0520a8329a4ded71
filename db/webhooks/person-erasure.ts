import type { Sql } from '../sql.ts';
import { readSpeakingPage, type SpeakingLook, type SpeakingPage } from '../speaking-texts.ts';

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
       coalesce(e.state in ('received', 'retrying', 'parked', 'held') or e.id::text in (
         select o.data ->> 'inbound_id' from webhooks.outbox_deliveries w join webhooks.outbox o using (position)
         where w.consumer = 'order-webhooks' and o.tenant_id = $1), false) as needed
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

/** Those of a page of messages that may speak of the person. */
export async function messagesAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = 'jsonb_build_array(t.bodies)';
  return await readSpeakingPage(sql, { table: 'webhooks.messages', time: 'created_at', texts }, look);
}

/** The same of the answers to messages. */
export async function answersAfter(sql: Sql, look: SpeakingLook): Promise<SpeakingPage> {
  const texts = 'jsonb_build_array(t.response_body, t.response_headers)';
  return await readSpeakingPage(sql, { table: 'webhooks.attempts', time: 'started_at', texts }, look);
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
