import type { z } from 'zod';
import type { DomainEvent } from './event.ts';

/** One shape of what a public event tells. A shape that was published never changes but by optional members. */
export interface PayloadVersion {
  version: number;
  /** What stands in `data`. Members of the event that are not named here stay inside. */
  data: z.ZodObject;
  example: Record<string, unknown>;
}

/** An event that an organisation may have sent to its own endpoints. */
export interface PublicEvent {
  /** As receivers know it, e.g. `batch.completed`. */
  type: string;
  /** The event of a domain that it is made of. */
  from: string;
  /** One sentence: when it is sent. */
  summary: string;
  /** Ascending. */
  versions: readonly [PayloadVersion, ...PayloadVersion[]];
  /** It tells of endpoints or of messages to them. */
  operational?: true;
}

/** An event that has been published in one shape so far. */
export function firstVersion(
  type: string,
  from: string,
  summary: string,
  data: z.ZodObject,
  example: Record<string, unknown>,
): PublicEvent {
  return { type, from, summary, versions: [{ version: 1, data, example }] };
}

/** What an event tells in one shape: the ID of its subject, and of its data what the shape names. */
export function publicData({ data: shape }: PayloadVersion, event: DomainEvent): Record<string, unknown> {
  return shape.parse({ id: event.subject.replace(/^[^:]*:/, ''), ...event.data });
}

/** The shape for an endpoint that was made for a version: its own, or the newest before it. */
export function versionFor({ versions }: PublicEvent, wanted: number): PayloadVersion {
  return versions.findLast(({ version }) => version <= wanted) ?? versions[0];
}
