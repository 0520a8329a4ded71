/**
 * Where an event that came in stands. `received`: will be processed. `held`: its source is paused. `retrying`: failed, is
 * tried again at its time. `parked`: speaks of something that is not known here yet. `processed`, `stale` (newer was known),
 * `ignored` (nobody listens): done. `dead`: given up, for a person to look at.
 */
export const inboundStates = [
  'received',
  'held',
  'retrying',
  'parked',
  'processed',
  'stale',
  'ignored',
  'dead',
] as const;

export type InboundState = (typeof inboundStates)[number];

/** From where an attempt may start. What is done stays done, however often it is asked for. */
export const attemptable: readonly InboundState[] = ['received', 'retrying'];

/** From where a person may have it tried again. */
export const replayable = [
  'dead',
  'parked',
  'retrying',
  'ignored',
] as const satisfies readonly InboundState[];

/** Most events that one replay by filter has tried again. */
export const mostReplayed = 10_000;

/** Seconds between the attempts at an event (the gaps of Svix). When they are used up, it is dead. */
export const retryGaps = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000] as const;

/** How long an event waits for what it speaks of. */
export const parkedHours = 72;

/** How long bodies are kept, and what is known of the deliveries. */
export const bodyRetentionDays = 30;
export const logRetentionDays = 90;

/**
 * Seconds until the next attempt, a fifth more or less so that what failed together is not tried together; null when it was
 * the last.
 *
 * @param failed attempts since it was last asked for
 * @param chance between 0 and 1
 */
export function retryAfter(failed: number, chance: number): number | null {
  const gap = retryGaps[failed - 1];
  return gap === undefined ? null : gap * (0.8 + 0.4 * chance);
}
