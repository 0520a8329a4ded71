import type { Database } from '../db/database.ts';
import { hearNotices } from '../db/hear-notices.ts';
import { readNotice } from '../db/notices.ts';
import { consumersWithDue, outboxState } from '../db/outbox/deliveries.ts';
import { outboxChannel } from '../db/outbox/outbox.ts';
import type { Domain } from '../domain/domains.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { Delivery, togetherAtOnce } from './delivery.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { WakeUps } from './wake-ups.ts';

export interface RelayParts {
  /**
   * The relay's own, with `connectionsOf` connections: it holds one while a consumer works, which takes others for
   * itself. Out of one pool, relays and consumers could wait for each other.
   */
  database: Pick<Database, 'read' | 'transaction' | 'urlOf'>;
  domains: readonly Domain[];
  consumers: Partial<Record<Consumer, OutboxConsumer>>;
  log: Logger;
  metrics: Metrics;
  /** Between sweeps for what no notice has told of. */
  sweepMilliseconds?: number;
}

const watchMilliseconds = 5_000;
const gatherMilliseconds = 50;

/** A delivery that nobody has woken looks by itself, should all else fail. */
const longestRestMilliseconds = 60_000;

/** Connections for the claims of a domain that are open at once, each for a moment. */
const claimsAtOnce = 6;

/** Of the relay's connections. */
export const relaySettings = {
  /** Should PostgreSQL die before a settlement is on the disk, the event is handed over again, and its consumer knows it. */
  synchronous_commit: 'off',
  /** A plan is made once, as it would be for thousands that wait, also where nothing waits at that moment. */
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
} as const;

/** How many connections a relay needs so that its loops hardly wait for each other. */
export function connectionsOf(domains: readonly Domain[]): number {
  return domains.length * claimsAtOnce;
}

/**
 * Delivers the outboxes of some domains: at once when a commit gives notice, and by a sweep for what was put off, and for what
 * a lost notice or a dead relay left behind. Any number of relays may run; what one holds, the others pass over.
 */
export class Relay {
  readonly #parts: RelayParts;
  readonly #stop = new AbortController();
  readonly #wakeUps = new WakeUps(this.#stop.signal);
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  start(): void {
    const { domains, consumers } = this.#parts;
    const loops = domains.flatMap((domain) => [
      this.#listen(domain),
      this.#sweep(domain),
      this.#watch(domain),
      ...Object.entries(consumers).map(([name, consumer]) =>
        this.#deliver(domain, name as Consumer, consumer),
      ),
    ]);
    this.#running = Promise.all(loops);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #deliver(domain: Domain, name: Consumer, consumer: OutboxConsumer): Promise<void> {
    const { database, log, metrics } = this.#parts;
    const topic = topicOf(domain, name);
    const onSettled = () => this.#wakeUps.notify(topic);
    const stop = this.#stop.signal;
    const delivery = new Delivery({ database, domain, name, consumer, log, metrics, onSettled, stop });
    while (!stop.aborted) {
      const seen = this.#wakeUps.count(topic);
      let taken = 0;
      try {
        taken = await delivery.once();
      } catch (error) {
        log.warn({ err: error, domain, consumer: name }, 'the outbox cannot be read');
      }
      // What may be handed over together is gathered for a moment: one transaction does for all of it.
      if (taken > 0 && consumer.together && taken < togetherAtOnce)
        await this.#wakeUps.pause(`gather ${topic}`, consumer.gatherMilliseconds ?? gatherMilliseconds);
      if (taken === 0 || delivery.tookAll) await this.#wakeUps.pause(topic, longestRestMilliseconds, seen);
    }
    await delivery.done();
  }

  /** Wakes the deliveries to consumers for whom something is due. */
  async #sweep(domain: Domain): Promise<void> {
    const { database, consumers, log, sweepMilliseconds = 1_000 } = this.#parts;
    while (!this.#stop.signal.aborted) {
      await this.#wakeUps.pause(`sweep ${domain}`, sweepMilliseconds);
      try {
        const names = await database.read(domain, ({ sql }) =>
          consumersWithDue(sql, domain, Object.keys(consumers)),
        );
        for (const name of names) this.#wakeUps.notify(topicOf(domain, name));
      } catch (error) {
        log.warn({ err: error, domain }, 'the outbox cannot be swept');
      }
    }
  }

  /** Wakes the deliveries to those consumers for whom a transaction of the domain has published something. */
  async #listen(domain: Domain): Promise<void> {
    const { database, consumers, log } = this.#parts;
    await hearNotices({
      url: database.urlOf(domain),
      channel: outboxChannel,
      applicationName: 'relay',
      stop: this.#stop.signal,
      onListening: () => {
        for (const consumer of Object.keys(consumers)) this.#wakeUps.notify(topicOf(domain, consumer));
      },
      onNotice: (payload) => {
        const notice = readNotice(payload);
        if (notice.domain !== domain) return;
        for (const consumer of notice.words) this.#wakeUps.notify(topicOf(domain, consumer));
      },
      onProblem: (error) =>
        log.warn({ err: error, domain }, 'the outbox cannot be listened to; sweeping goes on'),
    });
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
      await this.#wakeUps.pause(`watch ${domain}`, watchMilliseconds);
    }
  }
}

function topicOf(domain: Domain, consumer: string): string {
  return `${domain} ${consumer}`;
}
