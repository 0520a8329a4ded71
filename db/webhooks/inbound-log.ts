import type { NewEvent } from '../../domain/events/event.ts';
import type { Teller } from '../database.ts';
import { sharesSecret } from './source-candidates.ts';

export interface NewDelivery {
  id: string;
  /** Of the event, if this delivery is the first of it. */
  inboundId: string;
  tenantId: string;
  sourceId: string;
  /** What was believed of the source when the delivery was verified; null for one that needs no proof. */
  verifiedBy: { version: number; soleOwner: boolean } | null;
  providerId: string;
  topic: string;
  eventId: string;
  /** Of the request that it came with; null for what was asked for. */
  traceId: string | null;
  via: 'webhook' | 'reconciliation';
  headers: Record<string, string>;
  /** Sealed. */
  body: string;
  bodyBytes: number;
}

export interface LoggedDelivery {
  /** False when the source has gone, or is no longer what the delivery was verified by: then nothing is kept. */
  found: boolean;
  /** A delivery that was not there yet, and an event that was not. */
  newDelivery: boolean;
  newEvent: boolean;
}

/**
 * Takes a verified delivery: log, de-duplication of the delivery and of its event, and the outbox are one statement, which
 * is one transaction and one round trip to the database. Whoever verified the delivery may have known the source from before, so
 * the statement looks whether it is still the same. Of a paused source it is kept and not processed.
 */
export async function logDelivery(teller: Teller, delivery: NewDelivery): Promise<LoggedDelivery> {
  const received: NewEvent = {
    type: 'webhook.received',
    tenantId: delivery.tenantId,
    subject: `inbound:${delivery.inboundId}`,
    traceId: delivery.traceId,
    data: { source_id: delivery.sourceId, topic: delivery.topic, run: 0, attempt: 1 },
  };
  const [row] = await teller.tell<LoggedDelivery>({
    parts: `source as (
       select id, tenant_id, state from webhooks.sources s where id = $1 and state <> 'deleted'
         and ($11::integer is null or s.version = $11) and not ($12 and ${sharesSecret})
     ),
     log as (
       insert into webhooks.inbound_deliveries
         (id, tenant_id, source_id, provider_id, topic, event_id, via, headers, body, body_bytes)
       select $2, tenant_id, id, $3, $4, $5, $6, $7, $8, $9 from source
       on conflict (source_id, provider_id) do nothing returning id
     ), event as (
       insert into webhooks.inbound_events (id, tenant_id, source_id, topic, event_id, delivery_id, trace_id, state, next_at)
       select $10, source.tenant_id, source.id, $4, $5, log.id, $13,
              case source.state when 'active' then 'received' else 'held' end,
              case source.state when 'active' then now() + interval '15 minutes' end
       from source, log
       on conflict (source_id, topic, event_id) do nothing returning state
     )`,
    when: `exists (select 1 from event where state = 'received')`,
    select: `select exists (select 1 from source) as found, exists (select 1 from log) as "newDelivery",
            exists (select 1 from event) as "newEvent"`,
    parameters: [
      delivery.sourceId,
      delivery.id,
      delivery.providerId,
      delivery.topic,
      delivery.eventId,
      delivery.via,
      JSON.stringify(delivery.headers),
      delivery.body,
      delivery.bodyBytes,
      delivery.inboundId,
      delivery.verifiedBy?.version ?? null,
      delivery.verifiedBy?.soleOwner ?? false,
      delivery.traceId,
    ],
    events: [received],
    prepared: 'webhooks.log_delivery',
  });
  if (!row) throw new Error('A statement without a condition gave no row.');
  return row;
}
