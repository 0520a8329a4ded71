import { hears } from '../../domain/webhooks/event-filter.ts';
import type { PublicMessage } from '../../domain/webhooks/public-events.ts';
import type { Ordering, Trigger } from '../../domain/webhooks/endpoint.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';

/** The channel on which a commit tells the senders that there is something to send. */
export const messagesChannel = 'perdure_webhook_messages';

/** A transaction that may leave something to send. */
export type SendersTransaction = Pick<Transaction, 'sql' | 'wake'>;

interface Listener {
  id: string;
  tenantId: string;
  eventTypes: string[];
  ordering: Ordering;
}

/** A message that is to be sent to an endpoint. */
export interface NewDelivery {
  messageId: string;
  endpointId: string;
  tenantId: string;
  subject: string;
  ordering: Ordering;
}

/**
 * Stores messages with one delivery for each endpoint that hears them. A message that is stored already has had its
 * deliveries in the same transaction, so an event that comes again adds nothing. Messages of tenants without endpoints are nobody's
 * and are not stored.
 */
export async function fanOut(
  transaction: SendersTransaction,
  messages: readonly PublicMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  const { sql } = transaction;
  const listeners = await sql<Listener & { state: string }>(
    `select id, tenant_id as "tenantId", event_types as "eventTypes", ordering, state from webhooks.endpoints
     where tenant_id = any($1::uuid[]) and state <> 'deleted' order by id`,
    [[...new Set(messages.map(({ tenantId }) => tenantId))]],
    'webhooks.listeners',
  );
  const tenants = new Set(listeners.map(({ tenantId }) => tenantId));
  const stored = new Set(
    await storeMessages(
      sql,
      messages.filter(({ tenantId }) => tenants.has(tenantId)),
    ),
  );
  const deliveries = messages
    .filter(({ id }) => stored.has(id))
    .flatMap((message) =>
      listeners
        .filter(({ tenantId, state }) => tenantId === message.tenantId && state !== 'disabled')
        .filter((endpoint) => isFor(message, endpoint))
        .map(({ id, ordering }) => ({
          messageId: message.id,
          endpointId: id,
          tenantId: message.tenantId,
          subject: message.subject,
          ordering,
        })),
    );
  await addDeliveries(transaction, deliveries, 'event');
}

/** Whether an endpoint hears of a message. None hears of itself. */
export function isFor(
  message: Pick<PublicMessage, 'type' | 'operational' | 'about'>,
  endpoint: Pick<Listener, 'id' | 'eventTypes'>,
): boolean {
  return message.about !== endpoint.id && hears(endpoint.eventTypes, message.type, message.operational);
}

/** Gives the IDs of those that were not there. */
async function storeMessages(sql: Sql, messages: readonly PublicMessage[]): Promise<string[]> {
  if (messages.length === 0) return [];
  const rows = await sql<{ id: string }>(
    `insert into webhooks.messages (id, tenant_id, type, subject, operational, about, bodies, occurred_at, trace_id)
     select id, "tenantId", type, subject, operational, about, bodies, "occurredAt", "traceId"
     from jsonb_to_recordset($1::jsonb) as given (id uuid, "tenantId" uuid, type text, subject text,
       operational boolean, about uuid, bodies jsonb, "occurredAt" timestamptz, "traceId" text)
     on conflict (id) do nothing returning id`,
    [JSON.stringify(messages)],
    'webhooks.store_messages',
  );
  return rows.map(({ id }) => id);
}

/**
 * Adds deliveries that are due at once; in an ordered endpoint, behind what its subject still has to send. What is there
 * already stays as it is. Gives how many were added.
 */
export async function addDeliveries(
  transaction: SendersTransaction,
  deliveries: readonly NewDelivery[],
  trigger: Trigger,
): Promise<number> {
  if (deliveries.length === 0) return 0;
  const { sql } = transaction;
  const waiting = await lockWaitingSubjects(sql, deliveries);
  const rows = deliveries.map(({ messageId, endpointId, tenantId, subject, ordering }, place) => {
    const line = JSON.stringify([endpointId, subject]);
    const behind = ordering === 'subject' && waiting.has(line);
    waiting.add(line);
    return { place, messageId, endpointId, tenantId, subject, behind };
  });
  const added = await sql(
    `insert into webhooks.deliveries (message_id, endpoint_id, tenant_id, subject, trigger, state, due_at)
     select "messageId", "endpointId", "tenantId", subject, $2, 'pending',
       case when behind then 'infinity'::timestamptz else now() end
     from jsonb_to_recordset($1::jsonb) as given (place integer, "messageId" uuid, "endpointId" uuid,
       "tenantId" uuid, subject text, behind boolean)
     order by place
     on conflict do nothing returning message_id`,
    [JSON.stringify(rows), trigger],
    'webhooks.add_deliveries',
  );
  if (added.length > 0) wakeSenders(transaction);
  return added.length;
}

/** Tells the senders, once the transaction is committed. */
export function wakeSenders({ wake }: Pick<Transaction, 'wake'>): void {
  wake(messagesChannel, 'due');
}

/**
 * The subjects of ordered endpoints that have something to send, as JSON of endpoint and subject. They are held, so that
 * the last of them is not settled before what comes behind it is there to be released.
 */
async function lockWaitingSubjects(sql: Sql, deliveries: readonly NewDelivery[]): Promise<Set<string>> {
  const ordered = deliveries.filter(({ ordering }) => ordering === 'subject');
  if (ordered.length === 0) return new Set();
  const rows = await sql<{ endpointId: string; subject: string }>(
    `select d.endpoint_id as "endpointId", d.subject from webhooks.deliveries d
     where d.state = 'pending' and d.due_at < 'infinity' and (d.endpoint_id, d.subject) in (
       select * from unnest($1::uuid[], $2::text[]))
     order by d.endpoint_id, d.message_id for update`,
    [ordered.map(({ endpointId }) => endpointId), ordered.map(({ subject }) => subject)],
  );
  return new Set(rows.map(({ endpointId, subject }) => JSON.stringify([endpointId, subject])));
}
