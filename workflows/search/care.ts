import { proxyActivities } from '@temporalio/workflow';
import type { SearchCareActivities } from './messages.ts';

// All of it may be repeated, and what one run leaves is the next one's.
const care = proxyActivities<SearchCareActivities>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '2 minutes', maximumAttempts: 10 },
});

/** Counts the search statistics of the days whose searches have changed. */
export async function aggregateSearchStatistics(): Promise<{ days: number }> {
  return await care.aggregateSearchStatistics();
}

/** Forgets what searches no longer need: stale answers, old log entries, books left open. */
export async function tidySearches(): Promise<{ answers: number; searches: number }> {
  const { answers } = await care.pruneSearchCache();
  const { searches } = await care.pruneSearchLog();
  return { answers, searches };
}
