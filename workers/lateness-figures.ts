import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import { longestWaits as waitsOfMails } from '../db/notifications/longest-waits.ts';
import { longestWaits as waitsOfSearch } from '../db/search/longest-waits.ts';
import type { Domain } from '../domain/domains.ts';
import type { Metrics } from '../platform/metrics.ts';
import { scheduleIdOf, type CronWork } from './schedules.ts';

/** Rows of a domain that are due and that nobody has taken up: seconds that the oldest waits, by kind of process. */
const waitsOf: Partial<Record<Domain, typeof waitsOfSearch>> = {
  search: waitsOfSearch,
  notifications: waitsOfMails,
};

export async function measureWaits(database: Database, domain: Domain, metrics: Metrics): Promise<void> {
  const waits = await database.read(domain, async ({ sql }) => (await waitsOf[domain]?.(sql)) ?? []);
  for (const { process, seconds } of waits) metrics.processWaitSeconds.set({ process }, seconds);
}

/**
 * How late a schedule is and how many of its runs were missed for good, which the service itself tells nobody. A paused one is
 * not late.
 */
export async function measureSchedule(client: Client, work: CronWork, metrics: Metrics): Promise<void> {
  const { info, state } = await client.schedule.getHandle(scheduleIdOf(work)).describe();
  const [next] = info.nextActionTimes;
  const late = state.paused || !next ? 0 : Math.max(0, (Date.now() - next.getTime()) / 1_000);
  metrics.scheduleLateSeconds.set({ schedule: work.name }, late);
  metrics.scheduleMissed.set({ schedule: work.name }, info.numActionsMissedCatchupWindow);
}
