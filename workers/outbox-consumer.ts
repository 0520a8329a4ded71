import type { DomainEvent } from '../domain/events/event.ts';
import { Failure } from '../domain/failure.ts';
import { isOutage } from '../platform/outage.ts';

/** What hears events. It is idempotent by the event's id, as an event may come more than once. */
export interface OutboxConsumer {
  /** What takes longer than 20 seconds counts as hung and comes again, so calls to the outside have limits below that. */
  handle(events: DomainEvent[]): Promise<void>;
  /**
   * True when many events are one piece of work, such as a statement, that is done as a whole or not at all. Otherwise
   * each comes in a call of its own, so that one that fails or hangs repeats and delays no other. Events of one subject may be
   * among the many, in their order.
   */
  together?: boolean;
  /**
   * How long events gather before they are handed over together, where more come all the time: 50 ms without it. Less where
   * somebody waits, more where nobody does, since each time costs a transaction.
   */
  gatherMilliseconds?: number;
  /** Most events at once, also while some of them are slow. */
  atOnce?: number;
}

/** Thrown by a consumer whose target is down: the event is not at fault, so it is tried again and never parked. */
export class TargetDown extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TargetDown';
  }
}

/** Whether a consumer's error speaks of what it delivers to, and not of the event. */
export function isTargetDown(failure: Error): boolean {
  if (failure instanceof Failure) return failure.kind === 'unavailable' || failure.kind === 'rate_limited';
  return failure instanceof TargetDown || isOutage(failure);
}
