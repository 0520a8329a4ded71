import { Failure } from '../../failure.ts';

/** What an event says, as far as others may know it: identifiers, states and amounts, nothing of a person. */
export interface Reading {
  /** Type of the event that it becomes. */
  event: string;
  /** What it speaks of at its sender; null for an event that stands by itself. */
  entity: { kind: string; externalId: string } | null;
  /** When it was so at the sender; null where it does not say. */
  occurredAt: Date | null;
  /** Tells events of one moment apart: the higher one is the later. */
  rank: number;
  /** After it the entity changes no more: what still comes is late. */
  final: boolean;
  /** What must be known here before it means anything, by any of its names; empty for what speaks for itself. */
  subjects: string[];
  facts: Record<string, unknown>;
}

/** What of a delivery is read: the exact JSON of its body, and the headers that were kept. */
export interface Readable {
  topic: string;
  body: unknown;
  headers: Readonly<Record<string, string | undefined>>;
}

/** A reader of one topic; null says that nobody here listens to it. */
export type Reader = (given: Readable) => Reading | null;

/** A member that must be there. @throws Failure `webhooks.body_unexpected` */
export function required<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) {
    throw new Failure('webhooks.body_unexpected', `The body has no ${what}.`);
  }
  return value;
}
