import type { ClaimedEvent } from '../db/outbox/deliveries.ts';
import type { Domain } from '../domain/domains.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import { withLogFacts } from '../platform/log-context.ts';
import { inSpan } from '../platform/telemetry/span.ts';
import { isTargetDown, TargetDown, type OutboxConsumer } from './outbox-consumer.ts';

const handleMilliseconds = 20_000;

/** What became of an event: its consumer has it, it failed, or it waits behind one of its subject that failed. */
export type Outcome = 'delivered' | 'behind' | Error;

/** Events on their way to a consumer. */
export class HandOver {
  /** Of the events that are through. */
  readonly outcomes = new Map<ClaimedEvent, Outcome>();
  /** When all are through. */
  readonly over: Promise<void>;
  readonly #to: { domain: Domain; name: Consumer; consumer: OutboxConsumer };

  constructor(
    to: { domain: Domain; name: Consumer; consumer: OutboxConsumer },
    events: readonly ClaimedEvent[],
  ) {
    this.#to = to;
    this.over = this.#handAll(events);
  }

  async #handAll(events: readonly ClaimedEvent[]): Promise<void> {
    const lines = [...Map.groupBy(events, ({ subject }) => subject).values()];
    if (this.#to.consumer.together) {
      const failure = await this.#hand(events);
      if (!failure || events.length === 1 || isTargetDown(failure)) {
        for (const line of lines) this.#end(line, failure);
        return;
      }
      // One of them is at fault: find it, and let the others pass.
    }
    await Promise.all(lines.map((line) => this.#handOneByOne(line)));
  }

  /** Subjects do not wait for each other; within one, nothing passes an event that failed. */
  async #handOneByOne(line: readonly ClaimedEvent[]): Promise<void> {
    for (const [place, event] of line.entries()) {
      const failure = await this.#hand([event]);
      if (failure) return this.#end(line.slice(place), failure);
      this.outcomes.set(event, 'delivered');
    }
  }

  /** A failure is noted at the first of a subject; the others wait behind it. */
  #end(line: readonly ClaimedEvent[], failure: Error | null): void {
    for (const [place, event] of line.entries())
      this.outcomes.set(event, failure === null ? 'delivered' : place === 0 ? failure : 'behind');
  }

  /** The error that the consumer failed with, or null. */
  async #hand(events: readonly ClaimedEvent[]): Promise<Error | null> {
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const late = () => reject(new TargetDown('The consumer did not answer.'));
    const timer = setTimeout(late, handleMilliseconds);
    try {
      await Promise.race([this.#handle(events), expired]);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error('A consumer threw what is no error.');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Under the trace of the event; of many events, beside the traces of all of them. */
  async #handle(given: readonly ClaimedEvent[]): Promise<void> {
    const { domain, name, consumer } = this.#to;
    const events = [...given];
    const [event] = events;
    if (!event || events.length > 1) {
      const links = events.flatMap(({ traceparent }) => traceparent ?? []);
      if (links.length === 0) return await consumer.handle(events);
      const attributes = { 'perdure.domain': domain, 'messaging.batch.message_count': events.length };
      return await inSpan(`deliver to ${name}`, { kind: 'CONSUMER', parent: null, links, attributes }, () =>
        consumer.handle(events),
      );
    }
    const { id, type, subject, tenantId, traceId, traceparent } = event;
    const facts = { consumer: name, event_id: id, tenant_id: tenantId, trace_id: traceId };
    await withLogFacts(facts, async () => {
      // What was not traced where it began is not traced here.
      if (traceparent === null) return await consumer.handle(events);
      const attributes = {
        'messaging.message.id': id,
        'perdure.subject': subject,
        'perdure.tenant_id': tenantId,
      };
      await inSpan(`deliver ${type} to ${name}`, { kind: 'CONSUMER', parent: traceparent, attributes }, () =>
        consumer.handle(events),
      );
    });
  }
}
