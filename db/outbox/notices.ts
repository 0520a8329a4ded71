import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../../domain/domains.ts';
import type { Consumer } from '../../domain/events/subscriptions.ts';
import { withoutLogFacts } from '../../platform/log-context.ts';
import { outsideSpans } from '../../platform/telemetry/span.ts';
import { outboxChannel } from './outbox.ts';

const gatherMilliseconds = 5;

/** Whom a notice concerns. */
export interface Notice {
  domain: Domain;
  consumers: readonly string[];
}

/** `search audit statistics`: the domain and those of whom it has something to deliver. */
export function writeNotice({ domain, consumers }: Notice): string {
  return [domain, ...consumers].join(' ');
}

export function readNotice(payload: string): { domain: string; consumers: readonly string[] } {
  const [domain = '', ...consumers] = payload.split(' ');
  return { domain, consumers };
}

/**
 * Tells the relays of commits, one notice for all that were made while the one before was on its way.
 *
 * After the commit and not in it: a transaction that gives notice holds a lock of the whole server while it commits, so that
 * PostgreSQL writes such commits to disk one after the other instead of together. A notice that is lost (the process dies in
 * between) costs a moment: relays sweep as well.
 */
export class OutboxNotices {
  readonly #send: (domain: Domain, channel: string, payload: string) => Promise<unknown>;
  readonly #due = new Map<Domain, Set<Consumer>>();
  readonly #underWay = new Map<Domain, Promise<void>>();

  constructor(send: (domain: Domain, channel: string, payload: string) => Promise<unknown>) {
    this.#send = send;
  }

  /** @param consumers whose deliveries were committed; the others are left asleep */
  give(domain: Domain, consumers: ReadonlySet<Consumer>): void {
    if (consumers.size === 0) return;
    const due = this.#due.get(domain) ?? new Set();
    for (const consumer of consumers) due.add(consumer);
    this.#due.set(domain, due);
    if (this.#underWay.has(domain)) return;
    const giving = withoutLogFacts(() => outsideSpans(() => this.#giveAll(domain)));
    this.#underWay.set(domain, giving);
  }

  /** Waits for the notices that are under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  async #giveAll(domain: Domain): Promise<void> {
    for (let due = this.#take(domain); due; due = this.#take(domain)) {
      const payload = writeNotice({ domain, consumers: [...due] });
      // A database that is away has nobody to tell either; who waits for this notice finds the event by sweeping.
      await this.#send(domain, outboxChannel, payload).catch(() => undefined);
      // The first is told at once; under load, what is committed in the next moment is told together.
      await pause(gatherMilliseconds);
    }
    this.#underWay.delete(domain);
  }

  #take(domain: Domain): ReadonlySet<Consumer> | undefined {
    const due = this.#due.get(domain);
    this.#due.delete(domain);
    return due;
  }
}
