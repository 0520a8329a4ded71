import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Database } from '../db/database.ts';
import {
  claimDeliveries,
  outboxState,
  postponeDelivery,
  settleDeliveries,
  type ClaimedEvent,
} from '../db/outbox/deliveries.ts';
import { outboxChannel } from '../db/outbox/outbox.ts';
import type { Sql } from '../db/sql.ts';
import type { Domain } from '../domain/domains.ts';
import type { DomainEvent } from '../domain/events/event.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import { Failure } from '../domain/failure.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { isOutage } from '../platform/outage.ts';

/** What hears events. It is idempotent by the event's id, as an event may come more than once. */
export interface OutboxConsumer {
  /** What takes longer than 20 seconds counts as hung and comes again, so calls to the outside have limits below that. */
  handle(events: DomainEvent[]): Promise<void>;
  /**
   * True when many events are one piece of work, such as a statement, that is done as a whole or not at all. Otherwise
   * each comes in a call of its own, so that one that fails or hangs repeats and delays no other.
   */
  together?: boolean;
  /** Most events at once. */
  atOnce?: number;
}

/** Thrown by a consumer whose target is down: the event is not at fault, so it is tried again and never parked. */
export class TargetDown extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TargetDown';
  }
}

function isTargetDown(failure: Error): boolean {
  return failure instanceof TargetDown || (failure instanceof Failure && failure.kind === 'unavailable');
}

export interface RelayParts {
  /**
   * The relay's own, with `connectionsOf` connections: it holds one while a consumer works, which takes others for
   * itself. Out of one pool, relays and consumers could wait for each other.
   */
  database: Database;
  domains: readonly Domain[];
  consumers: Partial<Record<Consumer, OutboxConsumer>>;
  log: Logger;
  metrics: Metrics;
}

const togetherAtOnce = 100;
const singlyAtOnce = 20;
const sweepMilliseconds = 1_000;
const handleMilliseconds = 20_000;

/** How many connections a relay needs so that none of its loops waits for another. */
export function connectionsOf(domains: readonly Domain[], consumers: RelayParts['consumers']): number {
  return domains.length * (Object.keys(consumers).length + 1);
}

/**
 * Delivers the outboxes of some domains: at once when a commit gives notice, and by a sweep for what a lost notice or a
 * dead relay left behind. Any number of relays may run; what one holds, the others pass over.
 */
export class Relay {
  readonly #parts: RelayParts;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  readonly #wake = new Map<string, () => void>();
  readonly #notices = new Map<Domain, number>();
  /** The subject that the last claim of a loop ended with. */
  readonly #reached = new Map<string, string>();

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  start(): void {
    const { domains, consumers } = this.#parts;
    const loops = domains.flatMap((domain) => [
      this.#listen(domain),
      this.#watch(domain),
      ...Object.entries(consumers).map(([name, consumer]) =>
        this.#deliver(domain, name as Consumer, consumer),
      ),
    ]);
    this.#running = Promise.all(loops);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const wake of this.#wake.values()) wake();
    await this.#running;
  }

  /** Wakes the deliveries of a domain whenever one of its transactions has published. */
  async #listen(domain: Domain): Promise<void> {
    const { database, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const client = new Client({
        connectionString: database.urlOf(domain),
        keepAlive: true,
        connectionTimeoutMillis: 5_000,
        application_name: 'relay',
      });
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      client.on('error', () => end());
      client.on('end', () => end());
      client.on('notification', (notice) => {
        if (notice.payload === domain) this.#notice(domain);
      });
      const stopped = () => end();
      this.#stop.signal.addEventListener('abort', stopped, { once: true });
      try {
        await client.connect();
        await client.query(`listen ${outboxChannel}`);
        await over;
      } catch (error) {
        log.warn({ err: error, domain }, 'the outbox cannot be listened to; sweeping goes on');
      }
      this.#stop.signal.removeEventListener('abort', stopped);
      // A server that is gone without a word never confirms the end.
      await Promise.race([client.end().catch(() => undefined), delay(1_000, undefined, { ref: false })]);
      await this.#pause(`${domain}/listen`, sweepMilliseconds);
    }
  }

  async #deliver(domain: Domain, name: Consumer, consumer: OutboxConsumer): Promise<void> {
    const { database, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const notices = this.#notices.get(domain);
      let delivered = 0;
      try {
        delivered = await database.transaction(domain, ({ sql }) =>
          this.#deliverOnce(sql, domain, name, consumer),
        );
      } catch (error) {
        log.warn({ err: error, domain, consumer: name }, 'the outbox cannot be read');
      }
      // A notice that came while we looked must not wait for the sweep.
      if (delivered === 0 && this.#notices.get(domain) === notices) {
        await this.#pause(`${domain}/${name}`, sweepMilliseconds);
      }
    }
  }

  /** Hands over one claim. Gives how many deliveries were done. */
  async #deliverOnce(sql: Sql, domain: Domain, name: Consumer, consumer: OutboxConsumer): Promise<number> {
    const { atOnce = consumer.together ? togetherAtOnce : singlyAtOnce } = consumer;
    const events = await this.#claim(sql, domain, name, atOnce);
    if (events.length === 0) return 0;
    const failures = await this.#handAll(consumer, events);
    const done = events.filter((event) => !failures.has(event));
    for (const [event, failure] of failures) await this.#postpone(sql, domain, name, event, failure);
    if (done.length > 0)
      await settleDeliveries(
        sql,
        domain,
        name,
        done.map((event) => event.position),
      );
    this.#parts.metrics.outboxDelivered.inc({ consumer: name }, done.length);
    return done.length;
  }

  /** Goes on where the last claim ended, so that every subject has its turn, and begins again at the end. */
  async #claim(sql: Sql, domain: Domain, name: Consumer, limit: number): Promise<ClaimedEvent[]> {
    const loop = `${domain}/${name}`;
    const after = this.#reached.get(loop) ?? '';
    this.#reached.delete(loop);
    const events = await claimDeliveries(sql, domain, name, limit, after);
    if (events.length === 0 && after !== '') return await claimDeliveries(sql, domain, name, limit);
    const last = events.at(-1);
    if (last && events.length === limit) this.#reached.set(loop, last.subject);
    return events;
  }

  /** The events that were not delivered, each with its reason. They are of different subjects, so none waits for another. */
  async #handAll(consumer: OutboxConsumer, events: ClaimedEvent[]): Promise<Map<ClaimedEvent, Error>> {
    if (consumer.together) {
      const failure = await this.#hand(consumer, events);
      if (!failure) return new Map();
      if (events.length === 1 || isDown(failure)) return new Map(events.map((event) => [event, failure]));
      // One of them is at fault: find it, and let the others pass.
    }
    const failures = new Map<ClaimedEvent, Error>();
    await Promise.all(
      events.map(async (event) => {
        const failure = await this.#hand(consumer, [event]);
        if (failure) failures.set(event, failure);
      }),
    );
    return failures;
  }

  /** The error that a consumer failed with, or null. */
  async #hand(consumer: OutboxConsumer, events: DomainEvent[]): Promise<Error | null> {
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new TargetDown('The consumer did not answer.')),
      handleMilliseconds,
    );
    try {
      await Promise.race([consumer.handle(events), expired]);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error('A consumer threw what is no error.');
    } finally {
      clearTimeout(timer);
    }
  }

  async #postpone(
    sql: Sql,
    domain: Domain,
    name: Consumer,
    event: ClaimedEvent,
    failure: Error,
  ): Promise<void> {
    const { log, metrics } = this.#parts;
    metrics.outboxFailed.inc({ consumer: name });
    const { parked } = await postponeDelivery(sql, domain, name, event.position, {
      message: `${failure.name}: ${'code' in failure ? String(failure.code) : 'see the log'}`,
      targetIsDown: isTargetDown(failure),
    });
    const facts = { err: failure, domain, consumer: name, event_id: event.id, type: event.type };
    if (parked) log.error(facts, 'an event is parked: a person must look at it');
    else log.warn(facts, 'an event could not be delivered; it will be tried again');
  }

  /** Keeps the figures of the outbox current. */
  async #watch(domain: Domain): Promise<void> {
    const { database, metrics, consumers, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      try {
        const states = await database.read(domain, ({ sql }) => outboxState(sql, domain));
        for (const consumer of Object.keys(consumers)) {
          const state = states.find((one) => one.consumer === consumer);
          metrics.outboxWaiting.set({ domain, consumer }, state?.waiting ?? 0);
          metrics.outboxParked.set({ domain, consumer }, state?.parked ?? 0);
          metrics.outboxAgeSeconds.set({ domain, consumer }, state?.oldestSeconds ?? 0);
        }
      } catch (error) {
        log.warn({ err: error, domain }, 'the state of the outbox cannot be read');
      }
      await this.#pause(`${domain}/watch`, 5_000);
    }
  }

  #notice(domain: Domain): void {
    this.#notices.set(domain, (this.#notices.get(domain) ?? 0) + 1);
    for (const [loop, wake] of this.#wake) {
      if (loop.startsWith(`${domain}/`) && !loop.endsWith('/watch')) wake();
    }
  }

  /** Waits for a notice, the stop, or the time of the next sweep. */
  async #pause(loop: string, milliseconds: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake.set(loop, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#wake.delete(loop);
  }
}

/** Whether a consumer's error speaks of what it delivers to, and not of the event. */
function isDown(failure: Error): boolean {
  if (failure instanceof Failure) return failure.kind === 'unavailable' || failure.kind === 'rate_limited';
  return failure instanceof TargetDown || isOutage(failure);
}
