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
  await sql(`with ${eventParts(domain, 1)} select`, [eventsJson(events)], `${domain}.append_events`);
}

/**
 * The same as parts of a `WITH` that does more.
 *
 * @param place of the parameter that takes `eventsJson`
 * @param when a condition on the parts before, under which the events are written
 */
export function eventParts(domain: Domain, place: number, when = 'true'): string {
  return `
    events as (
      select * from jsonb_to_recordset($${place}::jsonb) as given
        (id uuid, type text, version integer, tenant_id uuid, subject text, actor_id uuid, trace_id text,
         traceparent text, data jsonb, consumers jsonb, ordinal integer)
      where ${when}
    ), written_events as (
      insert into ${domain}.outbox (id, type, version, tenant_id, subject, actor_id, trace_id, traceparent, data)
      select id, type, version, tenant_id, subject, actor_id, trace_id, traceparent, data from events order by ordinal
      returning position, id
    ), deliveries as (
      insert into ${domain}.outbox_deliveries (consumer, position, subject)
      select consumer, written_events.position, events.subject
      from written_events join events using (id), jsonb_array_elements_text(events.consumers) as consumer
    )`;
}

export function eventsJson(events: readonly NewEvent[]): string {
  const traceparent = traceparentHere();
  return JSON.stringify(
    events.map((event, ordinal) => ({
      ordinal,
      id: event.id ?? manyUuids(),
      type: event.type,
      version: event.version ?? 1,
      tenant_id: event.tenantId,
      subject: event.subject,
      actor_id: event.actorId ?? null,
      trace_id: event.traceId ?? null,
      traceparent: event.traceparent === undefined ? traceparent : event.traceparent,
      data: event.data,
      consumers: consumersOf(event.type).filter((name) => !event.toldByAnother?.includes(name)),
    })),
  );
}
