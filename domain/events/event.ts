import type { Domain } from '../domains.ts';

/**
 * A fact that has happened, as the outbox carries it. Consumers are idempotent by `id`; `position` orders the events
 * of one subject.
 */
export interface DomainEvent {
  id: string;
  domain: Domain;
  type: string;
  /** Version of the shape of `data`. */
  version: number;
  tenantId: string;
  /** What it happened to, e.g. `batch:<uuid>`. Events of one subject are delivered in order. */
  subject: string;
  /** ISO 8601, UTC. */
  occurredAt: string;
  /** Plain JSON: references and facts, no secrets. */
  data: Record<string, unknown>;
  actorId: string | null;
  traceId: string | null;
}

/** An event before it is written. Its ID is given to whoever has to know it beforehand. */
export type NewEvent = Pick<DomainEvent, 'type' | 'tenantId' | 'subject' | 'data'> &
  Partial<Pick<DomainEvent, 'id' | 'version' | 'actorId' | 'traceId'>> & {
    /** The span that it came of (W3C), where that is another one than the one it is published in. */
    traceparent?: string | null;
    /** Consumers, by their names, to whom another event of the same transaction tells all that they want to know of this. */
    toldByAnother?: readonly string[];
  };
