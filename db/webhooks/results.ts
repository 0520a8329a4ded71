import { v7 as uuidv7 } from 'uuid';
import type { NewEvent } from '../../domain/events/event.ts';
import { waitAfterFailure } from '../../domain/webhooks/delivery-schedule.ts';
import {
  healthAfter,
  newHealth,
  reasonToDisable,
  type EndpointHealth,
} from '../../domain/webhooks/endpoint-health.ts';
import type { DeliveryState, DisabledReason } from '../../domain/webhooks/endpoint.ts';
import type { Verdict } from '../../domain/webhooks/verdict.ts';
import type { Transaction } from '../database.ts';
import { readDatabaseNow } from '../now.ts';
import type { Sql } from '../sql.ts';
import { insertAttempts, type Attempt } from './attempt.ts';
import type { ClaimedDelivery } from './claims.ts';
import { readHealth, writeHealth } from './endpoint-health.ts';

/** What came of one attempt at a claimed delivery. */
export interface AttemptResult {
  delivery: ClaimedDelivery;
  attempt: Attempt;
  verdict: Verdict;
  /** From 0 to below 1: where in its spread the next wait lies. */
  random: number;
}

interface Settlement {
  state: DeliveryState;
  /** Milliseconds until the next attempt. */
  waitMs: number;
}

/**
 * Writes down what came of attempts, each only while its delivery still bears the claim that it was made under: a
 * process that was given up for dead changes nothing. State, attempts, the health of the endpoints and the events are one
 * transaction.
 *
 * @returns the deliveries whose claims were lost
 */
export async function settle(
  transaction: Transaction,
  results: readonly AttemptResult[],
): Promise<ClaimedDelivery[]> {
  const { sql } = transaction;
  const held = await lockClaims(sql, results);
  const kept = results.filter(({ delivery }) => held.has(delivery.claim));
  const lost = results.filter(({ delivery }) => !held.has(delivery.claim)).map(({ delivery }) => delivery);
  if (kept.length === 0) return lost;
  const settled = kept.map((result) => ({ result, settlement: settlementOf(result) }));
  await writeDeliveries(sql, settled);
  await insertAttempts(
    sql,
    kept.map(({ attempt }) => attempt),
  );
  // Behind the lock on the endpoint's health, where settlements of one subject by two processes see each other.
  await followHealth(transaction, kept);
  await releaseNext(sql, settled);
  const events = settled.flatMap((one) => eventOf(one, held.get(one.result.delivery.claim) === true));
  if (events.length > 0) await transaction.publish(...events);
  return lost;
}

/** Writes down the attempts that processes have died over, from the claims that were taken over from them. */
export async function noteLost(sql: Sql, deliveries: readonly ClaimedDelivery[]): Promise<void> {
  const attempts = deliveries.flatMap(({ lostSince, attempt, ...delivery }): Attempt[] => {
    if (lostSince === null) return [];
    const { messageId, endpointId, tenantId, trigger } = delivery;
    return [
      {
        id: uuidv7(),
        messageId,
        endpointId,
        tenantId,
        number: attempt - 1,
        trigger,
        outcome: 'lost',
        startedAt: new Date(lostSince),
        milliseconds: null,
        status: null,
        problem: 'sender_lost',
        detail: 'The process that sent it has ended. Whether it has arrived is not known; it was sent again.',
        requestHeaders: {},
        responseHeaders: null,
        responseBody: null,
        responseCut: false,
      },
    ];
  });
  await insertAttempts(sql, attempts);
}

/** The claims that still stand, each with whether its message had been given up before. */
async function lockClaims(sql: Sql, results: readonly AttemptResult[]): Promise<Map<string, boolean>> {
  const rows = await sql<{ claim: string; exhausted: boolean }>(
    `select d.claim, d.exhausted_at is not null as exhausted from webhooks.deliveries d
       join unnest($1::uuid[], $2::uuid[], $3::uuid[]) as given (message_id, endpoint_id, claim)
         on given.message_id = d.message_id and given.endpoint_id = d.endpoint_id and given.claim = d.claim
     order by d.endpoint_id, d.message_id for update of d`,
    [
      results.map(({ delivery }) => delivery.messageId),
      results.map(({ delivery }) => delivery.endpointId),
      results.map(({ delivery }) => delivery.claim),
    ],
  );
  return new Map(rows.map(({ claim, exhausted }) => [claim, exhausted]));
}

function settlementOf({ delivery, verdict, random }: AttemptResult): Settlement {
  if (verdict.delivered) return { state: 'delivered', waitMs: 0 };
  const waitMs = waitAfterFailure(delivery.failed + 1, random, verdict.holdMs);
  return waitMs === null ? { state: 'exhausted', waitMs: 0 } : { state: 'pending', waitMs };
}

async function writeDeliveries(
  sql: Sql,
  settled: readonly { result: AttemptResult; settlement: Settlement }[],
): Promise<void> {
  const rows = settled.map(({ result: { delivery, attempt, verdict }, settlement }) => ({
    message_id: delivery.messageId,
    endpoint_id: delivery.endpointId,
    state: settlement.state,
    failed: delivery.failed + (verdict.delivered ? 0 : 1),
    wait_ms: settlement.waitMs,
    status: attempt.status,
    problem: attempt.problem,
  }));
  await sql(
    `update webhooks.deliveries d
     set claim = null, claimed_at = null, state = given.state, failed = given.failed,
       due_at = clock_timestamp() + make_interval(secs => given.wait_ms / 1000), last_status = given.status,
       last_problem = given.problem,
       delivered_at = case when given.state = 'delivered' then clock_timestamp() else d.delivered_at end,
       exhausted_at = case when given.state = 'exhausted' then clock_timestamp() else d.exhausted_at end
     from jsonb_to_recordset($1::jsonb) as given (message_id uuid, endpoint_id uuid, state text, failed integer,
       wait_ms float8, status integer, problem text)
     where d.message_id = given.message_id and d.endpoint_id = given.endpoint_id`,
    [JSON.stringify(rows)],
  );
}

/** Lets the next message of a subject go where the one before it is done with. */
async function releaseNext(
  sql: Sql,
  settled: readonly { result: AttemptResult; settlement: Settlement }[],
): Promise<void> {
  const done = settled.filter(({ settlement }) => settlement.state !== 'pending');
  if (done.length === 0) return;
  await sql(
    `update webhooks.deliveries d set due_at = now()
     from (select distinct * from unnest($1::uuid[], $2::text[])) as done (endpoint_id, subject)
       cross join lateral (
         select message_id, due_at from webhooks.deliveries waiting
         where waiting.endpoint_id = done.endpoint_id and waiting.subject = done.subject and waiting.state = 'pending'
         order by (waiting.due_at = 'infinity'), waiting.position limit 1) next
     where d.endpoint_id = done.endpoint_id and d.message_id = next.message_id and next.due_at = 'infinity'`,
    [done.map(({ result }) => result.delivery.endpointId), done.map(({ result }) => result.delivery.subject)],
  );
}

/** Brings the health of the endpoints up to date, in the order of the results, and disables those that it is time for. */
async function followHealth(transaction: Transaction, results: readonly AttemptResult[]): Promise<void> {
  const { sql } = transaction;
  const ids = [...new Set(results.map(({ delivery }) => delivery.endpointId))];
  const healths = await readHealth(sql, ids, true);
  const now = await readDatabaseNow(sql);
  const changed = new Map<string, EndpointHealth>();
  const over = new Map<string, { tenantId: string; reason: DisabledReason }>();
  for (const { delivery, verdict } of results) {
    const { endpointId, tenantId } = delivery;
    const health = healthAfter(changed.get(endpointId) ?? healths.get(endpointId) ?? newHealth, verdict, now);
    changed.set(endpointId, health);
    const reason = reasonToDisable(health, verdict, now);
    if (reason) over.set(endpointId, { tenantId, reason });
  }
  await writeHealth(sql, changed);
  for (const [endpointId, { tenantId, reason }] of over)
    await disable(transaction, endpointId, tenantId, reason);
}

async function disable(
  { sql, publish }: Transaction,
  endpointId: string,
  tenantId: string,
  reason: DisabledReason,
): Promise<void> {
  const rows = await sql(
    `update webhooks.endpoints set state = 'disabled', disabled_reason = $2, version = version + 1, updated_at = now()
     where id = $1 and state in ('enabled', 'paused') returning id`,
    [endpointId, reason],
  );
  if (rows.length === 0) return;
  await publish({
    type: 'endpoint.disabled',
    tenantId,
    subject: `webhook-endpoint:${endpointId}`,
    data: { endpoint_id: endpointId, reason },
  });
}

function eventOf(
  { result, settlement }: { result: AttemptResult; settlement: Settlement },
  exhaustedBefore: boolean,
): NewEvent[] {
  const { delivery, attempt } = result;
  const data = {
    endpoint_id: delivery.endpointId,
    message_id: delivery.messageId,
    message_type: delivery.type,
    attempts: attempt.number,
  };
  const of = { tenantId: delivery.tenantId, subject: `webhook-endpoint:${delivery.endpointId}` };
  if (settlement.state === 'exhausted') {
    const { status, problem } = attempt;
    return [{ ...of, type: 'message.attempt_exhausted', data: { ...data, status, problem } }];
  }
  if (settlement.state === 'delivered' && exhaustedBefore)
    return [{ ...of, type: 'message.recovered', data }];
  return [];
}
