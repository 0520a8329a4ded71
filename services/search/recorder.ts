import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database } from '../../db/database.ts';
import { insertLog, logParameters } from '../../db/search/search-log.repository.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import type { Consumer } from '../../domain/events/subscriptions.ts';
import { isOutage } from '../../platform/outage.ts';
import { traceparentHere } from '../../platform/telemetry/span.ts';
import type { SearchEffects, SearchScope } from './contract.ts';
import { writeEffects } from './effects.ts';

/** What one search leaves behind. */
export interface SearchRecord {
  scope: SearchScope;
  effects: SearchEffects;
  event: NewEvent;
}

interface Waiting {
  record: SearchRecord;
  /** Does work as part of the request that the search belongs to. */
  inContext: <T>(work: () => T) => T;
  done: () => void;
  failed: (error: unknown) => void;
}

/** Most searches recorded in one transaction. */
const mostTogether = 100;

/**
 * Records searches: bill, log and event together or not at all, before their callers are answered. Those that end while
 * others are being recorded are recorded together, in one statement: a commit is a sync of the disk for one search as for
 * many. A search that settles a bill has a transaction of its own, since it may have to wait for the provider's meter.
 */
export class SearchRecorder {
  readonly #database: Database;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(database: Database) {
    this.#database = database;
  }

  async record(record: SearchRecord): Promise<void> {
    if (record.effects.settlements.length > 0) return await this.#writeAndSettle(record);
    const event = { ...record.event, traceparent: traceparentHere() };
    const inContext = AsyncLocalStorage.snapshot();
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ record: { ...record, event }, inContext, done, failed });
      if (!this.#writing) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const together = this.#waiting.slice(0, mostTogether);
      this.#waiting = this.#waiting.slice(mostTogether);
      await this.#writeTogether(together);
    }
    this.#writing = false;
  }

  /** One that can't be written must not take the others with it. */
  async #writeTogether(together: readonly Waiting[]): Promise<void> {
    try {
      // In a trace, what is written for several searches hangs under the first of them.
      await together[0]?.inContext(() => this.#write(together.map(({ record }) => record)));
      for (const { done } of together) done();
    } catch (error) {
      // Also when PostgreSQL is busy: one that waits for a lock holds up the others, and they need none.
      if (together.length > 1 && !isOutage(error))
        await Promise.all(together.map((one) => this.#writeTogether([one])));
      else for (const { failed } of together) failed(error);
    }
  }

  async #write(records: readonly SearchRecord[]): Promise<void> {
    const groups = records.map(({ scope, effects }) => ({
      scope: { ...scope, currency: effects.currency },
      entries: effects.log,
    }));
    await this.#database.alone('search').tell({
      parts: `logged as (${insertLog})`,
      select: 'select',
      parameters: logParameters(groups),
      events: markingOnce(records),
      prepared: 'search.record_searches',
    });
  }

  async #writeAndSettle({ scope, effects, event }: SearchRecord): Promise<void> {
    await this.#database.transaction('search', async (transaction) => {
      await writeEffects(transaction.sql, scope, effects);
      await transaction.publish(event);
    });
  }
}

/** The statistics want to know of each day once, however many of its searches are recorded together. */
function markingOnce(records: readonly SearchRecord[]): NewEvent[] {
  const marked = new Set<string>();
  return records.map(({ event, effects }) => {
    const days = effects.days.map((day) => `${event.tenantId} ${day}`);
    if (days.length === 0 || days.some((day) => !marked.has(day))) {
      for (const day of days) marked.add(day);
      return event;
    }
    return { ...event, toldByAnother: ['search-statistics'] satisfies Consumer[] };
  });
}
