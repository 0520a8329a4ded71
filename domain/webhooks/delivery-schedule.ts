/** Seconds from one attempt to the next, as Svix has them: eight attempts within about 27.5 hours. The first is made at once. */
export const scheduleSeconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000] as const;

/** A wait is up to a fifth shorter or longer, so that what failed together does not come back together. */
export const jitter = 0.2;

/** Shortest wait after a receiver has said that we are too fast, without saying how long to wait. */
export const leastWaitWhenTooFastMs = 60_000;

/**
 * How long to wait for the next attempt, in milliseconds; null when there is none.
 *
 * @param failed attempts that have failed so far, the latest included; at least 1
 * @param random from 0 to below 1
 * @param askedMs what the receiver has asked for (`Retry-After`): never less than that
 */
export function waitAfterFailure(failed: number, random: number, askedMs: number | null): number | null {
  const seconds = scheduleSeconds[failed];
  if (seconds === undefined) return null;
  const planned = seconds * 1_000 * (1 - jitter + 2 * jitter * random);
  return Math.round(Math.max(planned, askedMs ?? 0));
}
