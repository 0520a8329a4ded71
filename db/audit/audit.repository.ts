import type { DomainEvent } from '../../domain/events/event.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

export interface AuditFilter {
  type?: string | undefined;
  subject?: string | undefined;
  actorId?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface AuditRecord {
  eventId: string;
  domain: string;
  type: string;
  version: number;
  subject: string;
  actorId: string | null;
  traceId: string | null;
  occurredAt: Date;
  /** The same to the microsecond, which a `Date` would cut off: the place in the list. */
  position: string;
  data: Record<string, unknown>;
}

/** The place of a record in the list, newest first. */
export interface AuditPosition {
  occurredAt: string;
  eventId: string;
}

/** Records events; one that is there already is left as it is, so an event may come twice. */
export async function recordEvents(sql: Sql, events: readonly DomainEvent[]): Promise<void> {
  await sql(
    `insert into audit.audit_log
       (event_id, domain, type, version, tenant_id, subject, actor_id, trace_id, occurred_at, data)
     select id, domain, type, version, "tenantId", subject, "actorId", "traceId", "occurredAt", data
     from jsonb_to_recordset($1::jsonb) as given
       (id uuid, domain text, type text, version integer, "tenantId" uuid, subject text, "actorId" uuid,
        "traceId" text, "occurredAt" timestamptz, data jsonb)
     on conflict (event_id) do nothing`,
    [JSON.stringify(events)],
    'audit.record_events',
  );
}

const recordColumns = `event_id as "eventId", domain, type, version, subject, actor_id as "actorId",
  trace_id as "traceId", occurred_at as "occurredAt", data,
  to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position`;

/** The audit log of one tenant. */
export class AuditRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Newest first, after the given position. */
  async list(filter: AuditFilter, limit: number, after: AuditPosition | null): Promise<AuditRecord[]> {
    const rows = await this.#sql<AuditRecord>(
      `select ${recordColumns}
       from audit.audit_log
       where tenant_id = $1
         and ($2::text is null or type = $2)
         and ($3::text is null or subject = $3)
         and ($4::uuid is null or actor_id = $4)
         and ($5::timestamptz is null or occurred_at >= $5)
         and ($6::timestamptz is null or occurred_at < $6)
         and ($7::timestamptz is null or (occurred_at, event_id) < ($7, $8::uuid))
       order by occurred_at desc, event_id desc limit $9`,
      [
        this.#tenantId,
        filter.type ?? null,
        filter.subject ?? null,
        filter.actorId ?? null,
        filter.from ?? null,
        filter.to ?? null,
        after?.occurredAt ?? null,
        after?.eventId ?? null,
        limit,
      ],
    );
    return withDates(rows, ['occurredAt']);
  }

  /**
   * What has happened to one subject, from either end.
   *
   * @param types of events; others are passed over
   */
  async timeline(
    subject: string,
    types: readonly string[],
    order: 'newest' | 'oldest',
    limit: number,
    after: AuditPosition | null,
  ): Promise<AuditRecord[]> {
    const [direction, beyond] = order === 'newest' ? ['desc', '<'] : ['asc', '>'];
    const rows = await this.#sql<AuditRecord>(
      `select ${recordColumns} from audit.audit_log
       where tenant_id = $1 and subject = $2 and type = any($3)
         ${after ? `and (occurred_at, event_id) ${beyond} ($5, $6::uuid)` : ''}
       order by occurred_at ${direction}, event_id ${direction} limit $4`,
      [this.#tenantId, subject, types, limit, ...(after ? [after.occurredAt, after.eventId] : [])],
    );
    return withDates(rows, ['occurredAt']);
  }
}
