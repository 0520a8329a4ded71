import type { InboundState } from '../../domain/webhooks/inbound/event-state.ts';
import type { EntityProgress } from '../../domain/webhooks/inbound/precedence.ts';
import type { Reading } from '../../domain/webhooks/inbound/reading.ts';
import { v7 as uuidv7 } from 'uuid';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import { sourceColumns, type StoredSource } from './source.repository.ts';

/** An event as an attempt at it finds it. */
export interface InboundEvent {
  id: string;
  tenantId: string;
  sourceId: string;
  topic: string;
  eventId: string;
  deliveryId: string;
  state: InboundState;
  attempts: number;
  failures: number;
  /** Of the request that it came with. */
  traceId: string | null;
  headers: Record<string, string>;
  body: string | null;
}

/** An event that became one here, as its lineage tells it. */
export interface Effect {
  event_id: string;
  type: string;
  subject: string;
}

/** Locks an event for an attempt; null when it has gone, or its source has. */
export async function lockInbound(
  sql: Sql,
  tenantId: string,
  id: string,
): Promise<{ event: InboundEvent; source: StoredSource } | null> {
  const [event] = await sql<InboundEvent>(
    `select e.id, e.tenant_id as "tenantId", e.source_id as "sourceId", e.topic, e.event_id as "eventId",
            e.delivery_id as "deliveryId", e.state, e.attempts, e.failures, e.trace_id as "traceId", d.headers, d.body
     from webhooks.inbound_events e join webhooks.inbound_deliveries d on d.id = e.delivery_id
     where e.tenant_id = $1 and e.id = $2 for update of e`,
    [tenantId, id],
  );
  if (!event) return null;
  const [source] = await sql<StoredSource>(
    `select ${sourceColumns} from webhooks.sources s where s.id = $1 and s.state <> 'deleted'`,
    [event.sourceId],
  );
  return source ? { event, source } : null;
}

export interface Settlement {
  state: InboundState;
  entityId?: string | null;
  occurredAt?: Date | null;
  error?: { code: string; message: string } | null;
  effects?: readonly Effect[];
  /** Seconds until it is due again; null for never. */
  dueIn?: number | null;
}

/** Notes an attempt and what came of it, in the transaction of its effects. */
export async function settleAttempt(sql: Sql, id: string, attempt: number, given: Settlement): Promise<void> {
  const error = given.error ?? null;
  const failed = error !== null && given.state !== 'parked';
  await sql(
    `with settled as (
       update webhooks.inbound_events set state = $2, attempts = $3, failures = case when $4 then failures + 1 else 0 end,
         entity_id = coalesce($5::uuid, entity_id), occurred_at = coalesce($6::timestamptz, occurred_at),
         error_code = $7, error = $8, effects = effects || $9::jsonb,
         next_at = now() + make_interval(secs => $10::float8),
         settled_at = case when $2 in ('processed', 'stale', 'ignored', 'dead') then now() end
       where id = $1 returning id, next_at
     )
     insert into webhooks.inbound_attempts (event_id, attempt, outcome, error_code, error, next_at)
     select id, $3, $2, $7, $8, next_at from settled`,
    [
      id,
      given.state,
      attempt,
      failed,
      given.entityId ?? null,
      given.occurredAt ?? null,
      error?.code ?? null,
      error?.message.slice(0, 500) ?? null,
      JSON.stringify(given.effects ?? []),
      given.dueIn ?? null,
    ],
  );
}

export interface Entity extends EntityProgress {
  id: string;
  version: number;
}

/** Finds or makes what an event speaks of, and locks it. */
export async function lockEntity(
  sql: Sql,
  event: Pick<InboundEvent, 'tenantId' | 'sourceId'>,
  { kind, externalId }: NonNullable<Reading['entity']>,
): Promise<Entity> {
  const rows = await sql<Entity>(
    `insert into webhooks.inbound_entities (id, tenant_id, source_id, kind, external_id) values ($1, $2, $3, $4, $5)
     on conflict (source_id, kind, external_id) do update set kind = excluded.kind
     returning id, state_at as "stateAt", rank, final, version`,
    [uuidv7(), event.tenantId, event.sourceId, kind, externalId],
  );
  const [found] = withDates(rows, ['stateAt']);
  if (!found) throw new Error('An entity was neither made nor found.');
  return found;
}

/** Takes an event as the newest of its entity. Gives the entity's new version. */
export async function advanceEntity(
  sql: Sql,
  entityId: string,
  inboundId: string,
  reading: Pick<Reading, 'occurredAt' | 'rank' | 'final'>,
): Promise<number> {
  const [row] = await sql<{ version: number }>(
    `update webhooks.inbound_entities set state_at = coalesce($3::timestamptz, state_at), rank = $4, final = $5,
       version = version + 1, latest_event = $2, updated_at = now()
     where id = $1 returning version`,
    [entityId, inboundId, reading.occurredAt, reading.rank, reading.final],
  );
  if (!row) throw new Error('A locked entity is gone.');
  return row.version;
}
