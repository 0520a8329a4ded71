/** Rows of a batch wait for a provider that can't be asked for now. Plain JSON: it is stored. */
export interface BatchWait {
  /** ISO 8601. Since then no row has got an answer. */
  since: string;
  /** When the rows are tried again. */
  until: string;
  /** Which provider, and why it can't be asked. */
  reason: string;
}

/** When asking again makes sense, and why not now. */
export interface RetryLater {
  afterMs: number;
  reason: string;
}

/** So long rows wait without any of them being answered. After that they fail, until somebody is answered again. */
const patienceMs = 15 * 60_000;

const shortestWaitMs = 1_000;
/** What nobody has told us to wait for is tried this often at least. */
const longestGuessMs = 60_000;

/** Whether rows that can't be answered now have waited long enough. */
export function isOutOfPatience(wait: BatchWait | null, now: Date): boolean {
  return wait !== null && now.getTime() - Date.parse(wait.since) >= patienceMs;
}

/**
 * How a batch waits after a step. It waits as long as the provider asks for, and longer the longer nothing has come of
 * it: a quarter of the time so far, up to a minute. No wait goes beyond the patience.
 *
 * @param answered somebody's question got an answer in this step, whatever it was
 * @param later what rows of this step wait for, or null
 */
export function waitAfter(
  before: BatchWait | null,
  answered: boolean,
  later: RetryLater | null,
  now: Date,
): BatchWait | null {
  if (later === null) return answered ? null : before;
  const since = before === null || answered ? now : new Date(before.since);
  const soFar = now.getTime() - since.getTime();
  const wanted = Math.max(shortestWaitMs, later.afterMs, Math.min(longestGuessMs, soFar / 4));
  const allowed = Math.max(shortestWaitMs, patienceMs - soFar);
  return {
    since: since.toISOString(),
    until: new Date(now.getTime() + Math.min(wanted, allowed)).toISOString(),
    reason: later.reason,
  };
}
