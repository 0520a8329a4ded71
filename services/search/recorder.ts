import type { Database } from '../../db/database.ts';
import { insertLog, logParameters } from '../../db/search/search-log.repository.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import type { Consumer } from '../../domain/events/subscriptions.ts';
import { isOutage } from '../../platform/outage.ts';
import { traceparentHere } from '../../platform/telemetry/span.ts';
import { Together } from '../../platform/together.ts';
import type { SearchEffects, SearchScope } from './contract.ts';
import { writeEffects } from './effects.ts';

/** What one search leaves behind. */
export interface SearchRecord {
  scope: SearchScope;
  effects: SearchEffects;
  event: NewEvent;
}

/**
 * Records searches: bill, log and event together or not at all, before their callers are answered. Those that end while
 * others are being recorded are recorded together, in one statement: a commit is a sync of the disk for one search as for
 * many. A search that settles a bill has a transaction of its own, since it may have to wait for the provider's meter.
 */
export class SearchRecorder {
  readonly #database: Database;
  // Each by itself also when PostgreSQL is busy: one that waits for a lock holds up the others, and they need none.
  readonly #together = new Together(
    (records: readonly SearchRecord[]) => this.#write(records),
    (error) => !isOutage(error),
  );

  constructor(database: Database) {
    this.#database = database;
  }

  async record(record: SearchRecord): Promise<void> {
    if (record.effects.settlements.length > 0) return await this.#writeAndSettle(record);
    await this.#together.ask({ ...record, event: { ...record.event, traceparent: traceparentHere() } });
  }

  async #write(records: readonly SearchRecord[]): Promise<undefined[]> {
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
    return records.map(() => undefined);
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
