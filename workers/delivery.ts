import {
  claimDeliveries,
  postponeDelivery,
  settleDeliveries,
  type ClaimedEvent,
} from '../db/outbox/deliveries.ts';
import type { Sql } from '../db/sql.ts';
import type { Domain } from '../domain/domains.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import type { Logger } from '../platform/log.ts';
import { withLogFacts } from '../platform/log-context.ts';
import type { Metrics } from '../platform/metrics.ts';
import { inSpan } from '../platform/telemetry/span.ts';
import { isTargetDown, TargetDown, type OutboxConsumer } from './outbox-consumer.ts';

export const togetherAtOnce = 100;
const singlyAtOnce = 20;
const handleMilliseconds = 20_000;

interface DeliveryParts {
  domain: Domain;
  name: Consumer;
  consumer: OutboxConsumer;
  log: Logger;
  metrics: Metrics;
}

/** The deliveries of one domain's outbox to one consumer. */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** The subject that the last claim ended with. */
  #reached = '';

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Hands over one claim, in the caller's transaction. Gives how many deliveries were done. */
  async once(sql: Sql): Promise<number> {
    const { domain, name, metrics } = this.#parts;
    const events = await this.#claim(sql);
    if (events.length === 0) return 0;
    const failures = await this.#handAll(events);
    for (const [event, failure] of failures) await this.#postpone(sql, event, failure);
    const done = events.filter((event) => !failures.has(event)).map((event) => event.position);
    if (done.length > 0) await settleDeliveries(sql, domain, name, done);
    metrics.outboxDelivered.inc({ consumer: name }, done.length);
    return done.length;
  }

  /** Goes on where the last claim ended, so that every subject has its turn, and begins again at the end. */
  async #claim(sql: Sql): Promise<ClaimedEvent[]> {
    const { domain, name, consumer } = this.#parts;
    const limit = consumer.atOnce ?? (consumer.together ? togetherAtOnce : singlyAtOnce);
    const after = this.#reached;
    this.#reached = '';
    const events = await claimDeliveries(sql, domain, name, limit, after);
    if (events.length === 0 && after !== '') return await claimDeliveries(sql, domain, name, limit);
    const last = events.at(-1);
    if (last && events.length === limit) this.#reached = last.subject;
    return events;
  }

  /** The events that were not delivered, each with its reason. They are of different subjects, so none waits for another. */
  async #handAll(events: ClaimedEvent[]): Promise<Map<ClaimedEvent, Error>> {
    if (this.#parts.consumer.together) {
      const failure = await this.#hand(events);
      if (!failure) return new Map();
      if (events.length === 1 || isTargetDown(failure))
        return new Map(events.map((event) => [event, failure]));
      // One of them is at fault: find it, and let the others pass.
    }
    const failures = new Map<ClaimedEvent, Error>();
    await Promise.all(
      events.map(async (event) => {
        const failure = await this.#hand([event]);
        if (failure) failures.set(event, failure);
      }),
    );
    return failures;
  }

  /** The error that the consumer failed with, or null. */
  async #hand(events: ClaimedEvent[]): Promise<Error | null> {
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
  async #handle(events: ClaimedEvent[]): Promise<void> {
    const { domain, name, consumer } = this.#parts;
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

  async #postpone(sql: Sql, event: ClaimedEvent, failure: Error): Promise<void> {
    const { domain, name, log, metrics } = this.#parts;
    metrics.outboxFailed.inc({ consumer: name });
    const { parked } = await postponeDelivery(sql, domain, name, event.position, {
      message: `${failure.name}: ${'code' in failure ? String(failure.code) : 'see the log'}`,
      targetIsDown: isTargetDown(failure),
    });
    const facts = {
      err: failure,
      domain,
      consumer: name,
      event_id: event.id,
      type: event.type,
      tenant_id: event.tenantId,
      trace_id: event.traceId,
    };
    if (parked) log.error(facts, 'an event is parked: a person must look at it');
    else log.warn(facts, 'an event could not be delivered; it will be tried again');
  }
}
