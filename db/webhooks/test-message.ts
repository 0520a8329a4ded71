import type { Sql } from '../sql.ts';
import type { ClaimedDelivery } from './claims.ts';
import type { Endpoint } from './endpoint.ts';
import { insertAttempts, type Attempt } from './attempt.ts';

/** Stores a message that is sent once, to try an endpoint out: no sweeper takes it. */
export async function storeTestMessage(
  sql: Sql,
  endpoint: Endpoint,
  message: { id: string; claim: string; type: string; subject: string; body: string; now: Date },
): Promise<ClaimedDelivery> {
  const { id: messageId, claim, type, subject, body } = message;
  const occurredAt = message.now.toISOString();
  await sql(
    `insert into webhooks.messages (id, tenant_id, type, subject, operational, bodies, occurred_at)
     values ($1, $2, $3, $4, false, $5, $6)`,
    [
      messageId,
      endpoint.tenantId,
      type,
      subject,
      JSON.stringify({ [endpoint.payloadVersion]: body }),
      occurredAt,
    ],
  );
  await sql(
    `insert into webhooks.deliveries (message_id, endpoint_id, tenant_id, subject, trigger, state, attempts, due_at)
     values ($1, $2, $3, $4, 'test', 'exhausted', 1, now())`,
    [messageId, endpoint.id, endpoint.tenantId, subject],
  );
  return {
    messageId,
    endpointId: endpoint.id,
    tenantId: endpoint.tenantId,
    subject,
    claim,
    claimedAt: occurredAt,
    attempt: 1,
    failed: 0,
    trigger: 'test',
    type,
    body,
    url: endpoint.url,
    secret: endpoint.secret,
    oldSecrets: endpoint.oldSecrets,
    headers: endpoint.headers,
    occurredAt,
    lostSince: null,
  };
}

/** What came of it. It says nothing of how the endpoint fares: that is told by what it is sent in earnest. */
export async function noteTest(sql: Sql, attempt: Attempt): Promise<void> {
  await sql(
    `update webhooks.deliveries set state = case when $3 = 'delivered' then 'delivered' else 'exhausted' end,
       failed = case when $3 = 'delivered' then 0 else 1 end, last_status = $4, last_problem = $5,
       delivered_at = case when $3 = 'delivered' then now() end
     where message_id = $1 and endpoint_id = $2`,
    [attempt.messageId, attempt.endpointId, attempt.outcome, attempt.status, attempt.problem],
  );
  await insertAttempts(sql, [attempt]);
}
