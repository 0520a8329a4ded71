import { Failure } from '../../domain/failure.ts';
import { testType, type Trigger } from '../../domain/webhooks/endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { addDeliveries, isFor, wakeSenders, type SendersTransaction } from './fan-out.ts';
import type { Recovery } from './recovery.ts';

/**
 * Sends messages once more, each on a schedule of its own from the beginning. What is under way stays as it is. Gives how many.
 */
async function sendAgain(
  transaction: SendersTransaction,
  endpointId: string,
  messageIds: readonly string[],
  trigger: Trigger,
): Promise<number> {
  if (messageIds.length === 0) return 0;
  const rows = await transaction.sql(
    `with held as (
       select message_id from webhooks.deliveries
       where endpoint_id = $1 and message_id = any($2::uuid[]) and claim is null and due_at < 'infinity'
       order by message_id for update
     )
     update webhooks.deliveries d set state = 'pending', failed = 0, trigger = $3, due_at = now()
     from held where d.endpoint_id = $1 and d.message_id = held.message_id returning d.message_id`,
    [endpointId, messageIds, trigger],
  );
  if (rows.length > 0) wakeSenders(transaction);
  return rows.length;
}

/**
 * Sends one message to an endpoint, whatever has come of it so far.
 *
 * @throws Failure `webhooks.message_not_found`, also for another tenant's
 */
export async function resendMessage(
  transaction: SendersTransaction,
  endpoint: Endpoint,
  messageId: string,
): Promise<void> {
  const [message] = await transaction.sql<{ id: string; subject: string }>(
    'select id, subject from webhooks.messages where tenant_id = $1 and id = $2',
    [endpoint.tenantId, messageId],
  );
  if (!message) throw new Failure('webhooks.message_not_found', 'There is no such message.');
  const { id: endpointId, tenantId, ordering } = endpoint;
  const { subject } = message;
  const delivery = { messageId, endpointId, tenantId, subject, ordering };
  const added = await addDeliveries(transaction, [delivery], 'resend');
  if (added === 0) await sendAgain(transaction, endpointId, [messageId], 'resend');
}

/** One look of a recovery. */
export interface RecoverySlice {
  sent: number;
  /** The last message that was looked at; null when there are no more. */
  cursor: string | null;
}

/** Sends again what has failed: what was given up, and what waits for another attempt. */
export async function recoverFailed(
  transaction: SendersTransaction,
  recovery: Recovery,
  limit: number,
): Promise<RecoverySlice> {
  const rows = await transaction.sql<{ id: string }>(
    `select d.message_id as id from webhooks.deliveries d join webhooks.messages m on m.id = d.message_id
     where d.endpoint_id = $1 and d.message_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
       and m.created_at >= $3 and m.created_at <= $4 and d.trigger <> 'test'
       and (d.state = 'exhausted' or d.state = 'pending' and d.failed > 0 and d.claim is null)
     order by d.message_id limit $5`,
    [recovery.endpointId, recovery.cursor, recovery.since, recovery.until, limit],
  );
  const ids = rows.map(({ id }) => id);
  return {
    sent: await sendAgain(transaction, recovery.endpointId, ids, 'recover'),
    cursor: ids.length === limit ? (ids.at(-1) ?? null) : null,
  };
}

/** Sends what the endpoint hears of by its present filters and was never sent. */
export async function replayMissing(
  transaction: SendersTransaction,
  recovery: Recovery,
  endpoint: Endpoint,
  limit: number,
): Promise<RecoverySlice> {
  const rows = await transaction.sql<{
    id: string;
    type: string;
    subject: string;
    operational: boolean;
    about: string | null;
  }>(
    `select m.id, m.type, m.subject, m.operational, m.about from webhooks.messages m
     where m.tenant_id = $1 and m.id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
       and m.created_at >= $3 and m.created_at <= $4 and m.type <> '${testType}'
       and not exists (select 1 from webhooks.deliveries d where d.message_id = m.id and d.endpoint_id = $5)
     order by m.id limit $6`,
    [recovery.tenantId, recovery.cursor, recovery.since, recovery.until, endpoint.id, limit],
  );
  const missing = rows.filter((message) => isFor(message, endpoint));
  const deliveries = missing.map(({ id, subject }) => ({
    messageId: id,
    endpointId: endpoint.id,
    tenantId: endpoint.tenantId,
    subject,
    ordering: endpoint.ordering,
  }));
  return {
    sent: await addDeliveries(transaction, deliveries, 'missing'),
    cursor: rows.length === limit ? (rows.at(-1)?.id ?? null) : null,
  };
}
