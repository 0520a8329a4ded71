import type { Database } from '../../db/database.ts';
import { pruneCache } from '../../db/search/cache.repository.ts';
import { pruneChargeAnswers, settleAbandonedCharges } from '../../db/search/limits-upkeep.ts';
import { pruneSamples } from '../../db/search/provider-health.repository.ts';
import { pruneSearches } from '../../db/search/search-log.repository.ts';
import { listStatisticsDue, recountDay } from '../../db/search/statistics.repository.ts';
import type { Sql } from '../../db/sql.ts';
import type { SearchCareActivities } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from '../platform/until-nothing.ts';

/** The search log is kept for a year; statistics, which name no person, for good. */
const logRetentionDays = 365;
/** Work that was begun is tried again within a day, or never. */
const abandonedAfterHours = 24;
const atOnce = 5_000;
const daysAtOnce = 100;

/** Counts search statistics and forgets what searches no longer need. All of it may be repeated at any time. */
export function createSearchCareActivities({ database }: { database: Database }): SearchCareActivities {
  /** So many rows in a transaction, until none are left. */
  const all = (signal: AbortSignal, prune: (sql: Sql) => Promise<number>): Promise<number> =>
    untilNothing(signal, () => database.transaction('search', ({ sql }) => prune(sql)));
  return {
    aggregateSearchStatistics: () => withHeartbeat((signal) => countDueDays(database, signal)),
    pruneSearchLog: () =>
      withHeartbeat(async (signal) => ({
        searches: await all(signal, (sql) => pruneSearches(sql, logRetentionDays, atOnce)),
      })),
    pruneSearchCache: () =>
      withHeartbeat(async (signal) => ({
        answers: await all(signal, (sql) => pruneCache(sql, atOnce)),
        samples: await database.transaction('search', ({ sql }) => pruneSamples(sql)),
        abandonedCharges: await database.transaction('search', ({ sql }) =>
          settleAbandonedCharges(sql, abandonedAfterHours),
        ),
        chargeAnswers: await all(signal, (sql) => pruneChargeAnswers(sql, abandonedAfterHours, atOnce)),
      })),
  };
}

/** A day that is being counted by somebody else, or is marked again meanwhile, is left for the next time. */
async function countDueDays(database: Database, signal: AbortSignal): Promise<{ days: number }> {
  for (let days = 0; ;) {
    const due = await database.read('search', ({ sql }) => listStatisticsDue(sql, daysAtOnce));
    let counted = 0;
    for (const day of due) {
      signal.throwIfAborted();
      if (await database.transaction('search', ({ sql }) => recountDay(sql, day))) counted += 1;
    }
    days += counted;
    if (due.length < daysAtOnce || counted === 0) return { days };
  }
}
