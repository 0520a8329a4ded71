import type { NewEvent } from '../../domain/events/event.ts';
import { consumersOf } from '../../domain/events/subscriptions.ts';
import type { Domain } from '../../domain/domains.ts';
import { traceparentHere } from '../../platform/telemetry/span.ts';
import { manyUuids } from '../../platform/uuid.ts';
import type { Sql } from '../sql.ts';

/** The channel on which the relays are told that there is something to deliver. */
export const outboxChannel = 'perdure_outbox';

/**
 * Writes events and their deliveries into the domain's outbox, in the caller's transaction. Lock the subject's row
 * before publishing, so that the events of one subject get their positions in the order of their commits. What they lead to
 * belongs to the trace that is under way here.
 */
export async function appendEvents(sql: Sql, domain: Domain, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const traceparent = traceparentHere();
  const rows = events.map((event, ordinal) => ({
    ordinal,
    id: manyUuids(),
    type: event.type,
    version: event.version ?? 1,
    tenant_id: event.tenantId,
    subject: event.subject,
    actor_id: event.actorId ?? null,
    trace_id: event.traceId ?? null,
    traceparent: event.traceparent === undefined ? traceparent : event.traceparent,
    data: event.data,
    consumers: consumersOf(event.type),
  }));
  await sql(
    `with given as (
       select * from jsonb_to_recordset($1::jsonb) as given
         (id uuid, type text, version integer, tenant_id uuid, subject text, actor_id uuid, trace_id text,
          traceparent text, data jsonb, consumers jsonb, ordinal integer)
     ), written as (
       insert into ${domain}.outbox (id, type, version, tenant_id, subject, actor_id, trace_id, traceparent, data)
       select id, type, version, tenant_id, subject, actor_id, trace_id, traceparent, data from given order by ordinal
       returning position, id
     )
     insert into ${domain}.outbox_deliveries (consumer, position, subject)
     select consumer, written.position, given.subject
     from written join given using (id), jsonb_array_elements_text(given.consumers) as consumer`,
    [JSON.stringify(rows)],
    `${domain}.append_events`,
  );
}
