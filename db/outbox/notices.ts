import type { Domain } from '../../domain/domains.ts';
import { withoutLogFacts } from '../../platform/log-context.ts';
import { outsideSpans } from '../../platform/telemetry/span.ts';
import { outboxChannel } from './outbox.ts';

/**
 * Tells the relays of commits, one notice for all that were made while the one before was on its way.
 *
 * After the commit and not in it: a transaction that gives notice holds a lock of the whole server while it commits, so that
 * PostgreSQL writes such commits to disk one after the other instead of together. A notice that is lost (the process dies in
 * between) costs a moment: relays sweep as well.
 */
export class OutboxNotices {
  readonly #send: (domain: Domain, channel: string) => Promise<unknown>;
  readonly #due = new Set<Domain>();
  readonly #underWay = new Map<Domain, Promise<void>>();

  constructor(send: (domain: Domain, channel: string) => Promise<unknown>) {
    this.#send = send;
  }

  give(domain: Domain): void {
    this.#due.add(domain);
    if (this.#underWay.has(domain)) return;
    const giving = withoutLogFacts(() => outsideSpans(() => this.#giveAll(domain)));
    this.#underWay.set(domain, giving);
  }

  /** Waits for the notices that are under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  async #giveAll(domain: Domain): Promise<void> {
    while (this.#due.delete(domain)) {
      // A database that is away has nobody to tell either; who waits for this notice finds the event by sweeping.
      await this.#send(domain, outboxChannel).catch(() => undefined);
    }
    this.#underWay.delete(domain);
  }
}
