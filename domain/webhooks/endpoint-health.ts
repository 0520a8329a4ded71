import type { Verdict } from './verdict.ts';

/** How the deliveries to one endpoint have fared of late. */
export interface EndpointHealth {
  /** Failures in a row. */
  failures: number;
  /** Failures in a row that say that the endpoint is down; refusals of single messages are none. */
  outages: number;
  /** Of the first failure since the last success. */
  failingSince: Date | null;
  /** The circuit is open: nothing is sent before, and then one message as a probe. */
  openUntil: Date | null;
  /** The receiver has asked to be left alone until then. */
  holdUntil: Date | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
}

export const newHealth: EndpointHealth = {
  failures: 0,
  outages: 0,
  failingSince: null,
  openUntil: null,
  holdUntil: null,
  lastSuccessAt: null,
  lastFailureAt: null,
};

/** Outages in a row that open the circuit. */
export const outagesToOpen = 5;
const firstPauseMs = 10_000;
const longestPauseMs = 300_000;

/** An endpoint that nothing has reached for so long is disabled. */
export const disabledAfterMs = 120 * 3_600_000;

/** Fewer failures than these disable nothing, however long ago the first was: there was too little to tell by. */
export const failuresToDisable = 5;

/**
 * Messages under way to one endpoint at once, of each worker process: enough for 1,000 a second to one that answers
 * in 10 ms, and little enough that one that hangs takes no more.
 */
export const mostAtOnce = 10;

/** How an endpoint fares after one more attempt. */
export function healthAfter(before: EndpointHealth, verdict: Verdict, now: Date): EndpointHealth {
  if (verdict.delivered) return { ...newHealth, lastSuccessAt: now, lastFailureAt: before.lastFailureAt };
  const outages = verdict.down ? before.outages + 1 : 0;
  return {
    failures: before.failures + 1,
    outages,
    failingSince: before.failingSince ?? now,
    openUntil: later(before.openUntil, circuitOpenFor(outages), now),
    holdUntil: later(before.holdUntil, verdict.holdMs, now),
    lastSuccessAt: before.lastSuccessAt,
    lastFailureAt: now,
  };
}

/** How long the circuit stays open after so many outages in a row, in milliseconds; null when it is closed. */
export function circuitOpenFor(outages: number): number | null {
  if (outages < outagesToOpen) return null;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(outages - outagesToOpen, 10));
}

/** How many messages may be under way at once. After an open circuit one goes out as a probe, and the next when it has been answered. */
export function slotsOf(health: Pick<EndpointHealth, 'outages'>): number {
  return health.outages >= outagesToOpen ? 1 : mostAtOnce;
}

/** Why an endpoint is to be disabled after this attempt; null when it is not. */
export function reasonToDisable(
  health: EndpointHealth,
  verdict: Verdict,
  now: Date,
): 'gone' | 'failing' | null {
  if (verdict.gone) return 'gone';
  if (verdict.delivered || health.failingSince === null || health.failures < failuresToDisable) return null;
  return now.getTime() - health.failingSince.getTime() >= disabledAfterMs ? 'failing' : null;
}

/** The later of a moment and so many milliseconds from now. */
function later(moment: Date | null, ms: number | null, now: Date): Date | null {
  if (ms === null) return moment;
  const then = new Date(now.getTime() + ms);
  return moment && moment > then ? moment : then;
}
