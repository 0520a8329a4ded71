import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../db/database.ts';
import {
  claimDeliveries,
  leaseDeliveries,
  postponeDelivery,
  releaseDeliveries,
  settleDeliveries,
  type ClaimedEvent,
} from '../db/outbox/deliveries.ts';
import type { Sql } from '../db/sql.ts';
import type { Domain } from '../domain/domains.ts';
import type { Consumer } from '../domain/events/subscriptions.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { HandOver } from './hand-over.ts';
import { isTargetDown, type OutboxConsumer } from './outbox-consumer.ts';

export const togetherAtOnce = 100;
const singlyAtOnce = 20;
/** So many claims may be under way beside the next, unless the consumer names how many events it takes at once. */
const claimsBeside = 5;

/** What takes longer than that no longer keeps a claim open, and with it what is behind. */
const patienceMilliseconds = 200;
/** Well before a lease ends, so that a slow database loses none. */
const renewMilliseconds = 2_000;

interface DeliveryParts {
  database: Pick<Database, 'transaction'>;
  domain: Domain;
  name: Consumer;
  consumer: OutboxConsumer;
  log: Logger;
  metrics: Metrics;
  /** Something that was slow is through: there is room, and what follows it may be due. */
  onSettled: () => void;
  stop: AbortSignal;
}

/**
 * The deliveries of one domain's outbox to one consumer.
 *
 * A claim is a transaction that holds its events, and is over in a moment: what the consumer has by then is settled in it,
 * and what it is still at work on is kept by a lease and settled when it is through. So no event waits for another subject's.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #limit: number;
  readonly #most: number;
  /** The subject that the last claim ended with. */
  #reached = '';
  #tookAll = false;
  #slow = 0;
  readonly #following = new Set<Promise<void>>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { atOnce, together } = parts.consumer;
    this.#limit = atOnce ?? (together ? togetherAtOnce : singlyAtOnce);
    this.#most = atOnce ?? this.#limit * claimsBeside;
  }

  /** Whether the last claim was of all that was due: whatever comes after it gives notice. */
  get tookAll(): boolean {
    return this.#tookAll;
  }

  /** Hands over one claim. Gives how many events were taken and have not failed. */
  async once(): Promise<number> {
    const { database, domain } = this.#parts;
    const room = Math.min(this.#limit, this.#most - this.#slow);
    this.#tookAll = false;
    if (room <= 0) return 0;
    return await database.transaction(domain, async ({ sql }) => {
      const events = await this.#claim(sql, room);
      if (events.length === 0) return 0;
      const handing = new HandOver(this.#parts, events);
      await atMost(patienceMilliseconds, handing.over);
      const through = events.filter((event) => handing.outcomes.has(event));
      const slow = events.filter((event) => !handing.outcomes.has(event));
      const delivered = await this.#settle(sql, handing, through, null);
      if (slow.length > 0) this.#follow(handing, slow, await this.#lease(sql, slow, null));
      return delivered + slow.length;
    });
  }

  /** When all that is under way has been handed over and settled. */
  async done(): Promise<void> {
    while (this.#following.size > 0) await Promise.all(this.#following);
  }

  /** Goes on where the last claim ended, so that every subject has its turn, and begins again at the end. */
  async #claim(sql: Sql, limit: number): Promise<ClaimedEvent[]> {
    const { domain, name, consumer } = this.#parts;
    const after = this.#reached;
    this.#reached = '';
    const eachSubject = consumer.together ? limit : 1;
    let events = await claimDeliveries(sql, domain, name, { limit, eachSubject, after });
    const fromTheStart = after === '' || events.length === 0;
    if (events.length === 0 && after !== '')
      events = await claimDeliveries(sql, domain, name, { limit, eachSubject });
    const last = events.at(-1);
    if (last && events.length === limit) this.#reached = last.subject;
    this.#tookAll = fromTheStart && consumer.together === true && events.length < limit;
    return events;
  }

  /** Writes down what became of events. Gives how many were delivered. */
  async #settle(
    sql: Sql,
    { outcomes }: HandOver,
    events: readonly ClaimedEvent[],
    lease: string | null,
  ): Promise<number> {
    const { domain, name, metrics } = this.#parts;
    const behind: string[] = [];
    const done: string[] = [];
    for (const event of events) {
      const outcome = outcomes.get(event);
      if (outcome === 'delivered') done.push(event.position);
      else if (outcome === 'behind') behind.push(event.position);
      else if (outcome) await this.#postpone(sql, event, outcome, lease);
    }
    if (done.length > 0) await settleDeliveries(sql, domain, name, done);
    if (behind.length > 0 && lease !== null) await releaseDeliveries(sql, domain, name, behind, lease);
    metrics.outboxDelivered.inc({ consumer: name }, done.length);
    return done.length;
  }

  async #postpone(sql: Sql, event: ClaimedEvent, failure: Error, lease: string | null): Promise<void> {
    const { domain, name, log, metrics } = this.#parts;
    metrics.outboxFailed.inc({ consumer: name });
    const { parked } = await postponeDelivery(sql, domain, name, event.position, {
      message: `${failure.name}: ${'code' in failure ? String(failure.code) : 'see the log'}`,
      targetIsDown: isTargetDown(failure),
      lease,
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

  #lease(sql: Sql, events: readonly ClaimedEvent[], lease: string | null): Promise<string | null> {
    const { domain, name } = this.#parts;
    const positions = events.map(({ position }) => position);
    return leaseDeliveries(sql, domain, name, positions, lease);
  }

  #follow(handing: HandOver, events: ClaimedEvent[], lease: string | null): void {
    this.#slow += events.length;
    const following = this.#settleLater(handing, events, lease).finally(() => {
      this.#following.delete(following);
    });
    this.#following.add(following);
  }

  /** Settles events as they get through, and keeps the others meanwhile. While the database is away their end is kept too. */
  async #settleLater(handing: HandOver, events: ClaimedEvent[], first: string | null): Promise<void> {
    const { database, domain, name, log, onSettled, stop } = this.#parts;
    let [left, lease, leasedAt] = [events, first, performance.now()];
    while (left.length > 0) {
      await atMost(patienceMilliseconds, handing.over);
      const through = left.filter((event) => handing.outcomes.has(event));
      const slow = left.filter((event) => !handing.outcomes.has(event));
      const renew = slow.length > 0 && performance.now() - leasedAt > renewMilliseconds;
      if (through.length === 0 && !renew) continue;
      try {
        lease = await database.transaction(domain, async ({ sql }) => {
          await this.#settle(sql, handing, through, lease);
          return renew ? await this.#lease(sql, slow, lease) : lease;
        });
      } catch (error) {
        log.warn({ err: error, domain, consumer: name }, 'the outbox cannot be written');
        // Whoever comes after has it again when the lease is over.
        if (stop.aborted) return;
        await pause(patienceMilliseconds);
        continue;
      }
      if (renew) leasedAt = performance.now();
      left = slow;
      if (through.length === 0) continue;
      this.#slow -= through.length;
      onSettled();
    }
  }
}

async function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([work, over]);
  clearTimeout(timer);
}
