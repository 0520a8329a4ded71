import { Failure } from '../../domain/failure.ts';
import { replayable, type InboundState } from '../../domain/webhooks/inbound/event-state.ts';
import type { Sql } from '../sql.ts';
import type { Effect } from './inbound-attempt.ts';

export interface InboundFilter {
  sourceId?: string | undefined;
  topic?: string | undefined;
  state?: InboundState | undefined;
  eventId?: string | undefined;
  externalId?: string | undefined;
  /** When it was received, a moment or its ISO 8601. */
  from?: Date | string | undefined;
  to?: Date | string | undefined;
}

/** An event that came in, as lists show it. */
export interface InboundRecord {
  id: string;
  tenantId: string;
  sourceId: string;
  topic: string;
  eventId: string;
  deliveryId: string;
  state: InboundState;
  attempts: number;
  nextAt: string | null;
  occurredAt: string | null;
  errorCode: string | null;
  error: string | null;
  effects: Effect[];
  receivedAt: string;
  settledAt: string | null;
  entityId: string | null;
  entityKind: string | null;
  externalId: string | null;
  entityVersion: number | null;
  latestEvent: string | null;
}

export interface DeliveryRecord {
  id: string;
  providerId: string;
  via: 'webhook' | 'reconciliation';
  headers: Record<string, string>;
  /** Sealed. */
  body: string | null;
  bodyBytes: number;
  receivedAt: string;
}

/** Most bytes of bodies that are shown of an event together. */
const mostShownBytes = 8 * 1024 ** 2;

export interface AttemptRecord {
  attempt: number;
  outcome: string;
  errorCode: string | null;
  error: string | null;
  nextAt: string | null;
  madeAt: string;
}

/** A message to endpoints that a webhook which came in has led to. */
export interface LedTo {
  id: string;
  type: string;
  subject: string;
  occurredAt: string;
  /** Endpoints that it was sent to, and those of them that have it. */
  endpoints: number;
  delivered: number;
}

export interface ReplayableEvent {
  id: string;
  run: number;
  attempt: number;
}

const columns = `e.id, e.tenant_id as "tenantId", e.source_id as "sourceId", e.topic, e.event_id as "eventId",
  e.delivery_id as "deliveryId", e.state, e.attempts,
  case when e.state in ('retrying', 'parked') then e.next_at end as "nextAt", e.occurred_at as "occurredAt",
  e.error_code as "errorCode", e.error, e.effects, e.received_at as "receivedAt", e.settled_at as "settledAt",
  n.id as "entityId", n.kind as "entityKind", n.external_id as "externalId", n.version as "entityVersion",
  n.latest_event as "latestEvent"`;

const fromTheBeginning = `state = 'received', run = run + 1, failures = 0, settled_at = null,
  next_at = now() + interval '15 minutes'`;

/** What sources have sent that are deleted is not shown. */
const ofPresentSource = `exists (select 1 from webhooks.sources s where s.id = e.source_id and s.state <> 'deleted')`;

/** $2 to $8 of a statement, in the order of the values of a filter. */
const filtered = `${ofPresentSource} and ($2::uuid is null or e.source_id = $2) and ($3::text is null or e.topic = $3)
  and ($4::text is null or e.state = $4) and ($5::text is null or e.event_id = $5)
  and ($6::text is null or e.entity_id in (
    select id from webhooks.inbound_entities where tenant_id = $1 and external_id = $6))
  and ($7::timestamptz is null or e.received_at >= $7) and ($8::timestamptz is null or e.received_at < $8)`;

/** The webhooks that came in for one tenant. */
export class InboundRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Newest first. */
  async list(filter: InboundFilter, limit: number, after: string | null): Promise<InboundRecord[]> {
    return await this.#sql<InboundRecord>(
      `select ${columns} from webhooks.inbound_events e left join webhooks.inbound_entities n on n.id = e.entity_id
       where e.tenant_id = $1 and ${filtered} and ($9::uuid is null or e.id < $9)
       order by e.id desc limit $10`,
      [...this.#values(filter), after, limit],
    );
  }

  /** @throws Failure `webhooks.inbound_not_found`, also for another tenant's */
  async get(id: string): Promise<InboundRecord> {
    const [row] = await this.#sql<InboundRecord>(
      `select ${columns} from webhooks.inbound_events e left join webhooks.inbound_entities n on n.id = e.entity_id
       where e.tenant_id = $1 and e.id = $2 and ${ofPresentSource}`,
      [this.#tenantId, id],
    );
    if (!row) throw new Failure('webhooks.inbound_not_found', 'There is no such webhook.');
    return row;
  }

  /** Every time that it was delivered, oldest first; with the bodies of the first ones, up to `mostShownBytes`. */
  async deliveries({ sourceId, topic, eventId }: InboundRecord): Promise<DeliveryRecord[]> {
    return await this.#sql<DeliveryRecord>(
      `select id, provider_id as "providerId", via, headers, body_bytes as "bodyBytes", received_at as "receivedAt",
         case when sum(body_bytes) over (order by id) <= $4 then body end as body
       from webhooks.inbound_deliveries where source_id = $1 and topic = $2 and event_id = $3 order by id limit 100`,
      [sourceId, topic, eventId, mostShownBytes],
    );
  }

  async attempts(id: string): Promise<AttemptRecord[]> {
    return await this.#sql<AttemptRecord>(
      `select attempt, outcome, error_code as "errorCode", error, next_at as "nextAt", made_at as "madeAt"
       from webhooks.inbound_attempts where event_id = $1 order by attempt limit 200`,
      [id],
    );
  }

  /** What was sent out because of it: the messages of its trace, oldest first. */
  async ledTo({ id, receivedAt }: Pick<InboundRecord, 'id' | 'receivedAt'>): Promise<LedTo[]> {
    return await this.#sql<LedTo>(
      `select m.id, m.type, m.subject, m.occurred_at as "occurredAt", sent.endpoints, sent.delivered
       from webhooks.inbound_events e
         join webhooks.messages m on m.tenant_id = e.tenant_id and m.trace_id = e.trace_id
         cross join lateral (
           select count(*)::int as endpoints, count(*) filter (where d.state = 'delivered')::int as delivered
           from webhooks.deliveries d where d.message_id = m.id) sent
       where e.tenant_id = $1 and e.id = $2 and m.occurred_at >= $3 order by m.id limit 100`,
      [this.#tenantId, id, receivedAt],
    );
  }

  async countReplayable(filter: InboundFilter): Promise<number> {
    const [row] = await this.#sql<{ count: number }>(
      `select count(*)::int as count
       from webhooks.inbound_events e where e.tenant_id = $1 and ${filtered} and e.state = any($9)`,
      [...this.#values(filter), replayable],
    );
    return row?.count ?? 0;
  }

  /** Puts an event back to where it is tried from the beginning; one that is done stays done, and gives null. */
  async replayOne(id: string): Promise<ReplayableEvent | null> {
    const [event] = await this.#sql<ReplayableEvent>(
      `update webhooks.inbound_events set ${fromTheBeginning}
       where tenant_id = $1 and id = $2 and state = any($3) returning id, run, attempts + 1 as attempt`,
      [this.#tenantId, id, replayable],
    );
    return event ?? null;
  }

  /** The same of those that a filter lets through and that had come in before it was asked for, behind one, oldest first. */
  async replay(
    { id, filter, cursor }: { id: string; filter: InboundFilter; cursor: string | null },
    limit: number,
  ): Promise<ReplayableEvent[]> {
    const events = await this.#sql<ReplayableEvent>(
      `update webhooks.inbound_events set ${fromTheBeginning}
       where id in (
         select e.id from webhooks.inbound_events e
         where e.tenant_id = $1 and ${filtered} and e.state = any($9) and ($10::uuid is null or e.id > $10)
           and e.received_at <= (select created_at from webhooks.inbound_replays where id = $11)
         order by e.id limit $12 for update of e skip locked)
       returning id, run, attempts + 1 as attempt`,
      [...this.#values(filter), replayable, cursor, id, limit],
    );
    return events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  #values(filter: InboundFilter): unknown[] {
    return [
      this.#tenantId,
      filter.sourceId ?? null,
      filter.topic ?? null,
      filter.state ?? null,
      filter.eventId ?? null,
      filter.externalId ?? null,
      filter.from ?? null,
      filter.to ?? null,
    ];
  }
}
