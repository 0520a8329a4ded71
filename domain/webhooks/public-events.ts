import { designPublicEvents } from '../designs/public-events.ts';
import type { DomainEvent } from '../events/event.ts';
import { publicData, type PublicEvent } from '../events/public-event.ts';
import { identityPublicEvents } from '../identity/public-events.ts';
import { notificationPublicEvents } from '../notifications/public-events.ts';
import { orderPublicEvents } from '../orders/public-events.ts';
import { searchPublicEvents } from '../search/public-events.ts';
import { operationalEvents } from './operational-events.ts';

/** Every event that can be sent to endpoints. A new domain adds its list here. */
export const publicEvents: readonly PublicEvent[] = [
  ...searchPublicEvents,
  ...identityPublicEvents,
  ...orderPublicEvents,
  ...notificationPublicEvents,
  ...designPublicEvents,
  ...operationalEvents,
];

/** The newest version of payloads, which a new endpoint is made for. */
export const newestPayloadVersion = Math.max(
  ...publicEvents.flatMap(({ versions }) => versions.map(({ version }) => version)),
);

const byType = new Map(publicEvents.map((event) => [event.type, event]));
const bySource = new Map(publicEvents.map((event) => [event.from, event]));

/** The types of the domains' events that become messages. */
export const publishedTypes: readonly string[] = publicEvents.map(({ from }) => from);

export function findPublicEvent(type: string): PublicEvent | undefined {
  return byType.get(type);
}

/** An event as endpoints get it. */
export interface PublicMessage {
  id: string;
  tenantId: string;
  type: string;
  subject: string;
  occurredAt: string;
  operational: boolean;
  /** The endpoint that it tells of, which is not told. */
  about: string | null;
  /** The request that has led to it; null when it was none. */
  traceId: string | null;
  /** The body for each version of the payload: the very bytes that are sent, at every attempt the same. */
  bodies: Record<number, string>;
}

/** The message that an event becomes; null when it is nobody's but ours. */
export function messageOf(event: DomainEvent): PublicMessage | null {
  const found = bySource.get(event.type);
  if (!found || isEcho(event)) return null;
  const about = event.data['endpoint_id'];
  return {
    id: event.id,
    tenantId: event.tenantId,
    type: found.type,
    subject: event.subject,
    occurredAt: event.occurredAt,
    operational: found.operational === true,
    about: found.operational && typeof about === 'string' ? about : null,
    traceId: event.traceId,
    bodies: Object.fromEntries(
      found.versions.map((shape) => [
        shape.version,
        bodyOf(found.type, event.occurredAt, publicData(shape, event)),
      ]),
    ),
  };
}

/** The body of a message as Standard Webhooks 1.0.0 recommends it. */
export function bodyOf(type: string, occurredAt: string, data: Record<string, unknown>): string {
  return JSON.stringify({ type, timestamp: new Date(occurredAt).toISOString(), data });
}

/** A failed message about a failed message would go on for ever between two endpoints that are both down. */
function isEcho({ data }: DomainEvent): boolean {
  const told = data['message_type'];
  return typeof told === 'string' && byType.get(told)?.operational === true;
}
