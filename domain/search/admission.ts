import type { Micros } from './answer.ts';

/** What a provider's owner allows, over all processes. Null: no limit. */
export interface ProviderLimits {
  /** Calls per second, on average. */
  ratePerSecond: number | null;
  /** Calls at once after a quiet time. */
  burst: number;
  /** Calls under way. */
  concurrency: number | null;
  budgetDay: Micros | null;
  budgetMonth: Micros | null;
}

/** Where a provider stands against its limits. */
export interface Meter {
  /** Calls that the rate allows at `refilledAt`. */
  tokens: number;
  /** Milliseconds since 1970, as all times here. */
  refilledAt: number;
  /** The provider wants no calls before this time (`Retry-After`). */
  pausedUntil: number | null;
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  dayMicros: Micros;
  /** UTC, `YYYY-MM`. */
  month: string;
  monthMicros: Micros;
  /** Calls under way. */
  underWay: number;
}

export interface Wanted {
  /** Calls wanted. */
  calls: number;
  /** How many of them, counted from the first, have their money reserved already by an earlier attempt. */
  paid: number;
  /** The most that each can cost. */
  each: Micros;
}

export type RefusalCause = 'paused' | 'rate' | 'concurrency' | 'budget_day' | 'budget_month';

export interface Admission {
  /** So many calls, from the first, may go out now. */
  granted: number;
  /** So many of them at once. */
  atOnce: number;
  meter: Meter;
  /** Why the next one may not; null when all may. */
  refusal: { cause: RefusalCause; retryAfterMs: number | null } | null;
}

/** How long to wait for a call of another process to end, where nothing tells better. */
const slotWaitMs = 50;

/**
 * Decides how many calls may go out now: a token bucket for the rate, slots for concurrency, and the budgets, in the
 * order in which waiting helps least. Budgets count what calls can cost at most; what they did not cost is given back.
 */
export function admit(limits: ProviderLimits, before: Meter, wanted: Wanted, now: number): Admission {
  const meter = rolledOver(refilled(limits, before, now), now);
  const refuse = (cause: RefusalCause, retryAfterMs: number | null): Admission => ({
    granted: 0,
    atOnce: 0,
    meter,
    refusal: { cause, retryAfterMs },
  });
  if (meter.pausedUntil !== null && meter.pausedUntil > now) return refuse('paused', meter.pausedUntil - now);

  let granted = wanted.calls;
  let refusal: Admission['refusal'] = null;
  const cap = (most: number, cause: RefusalCause, retryAfterMs: number | null): void => {
    if (most >= granted) return;
    granted = most;
    refusal = { cause, retryAfterMs };
  };
  cap(affordable(limits.budgetMonth, meter.monthMicros, wanted), 'budget_month', null);
  cap(affordable(limits.budgetDay, meter.dayMicros, wanted), 'budget_day', null);
  if (granted > 0 && limits.ratePerSecond !== null) {
    const missing = Math.max(0, 1 - (meter.tokens % 1));
    cap(Math.floor(meter.tokens), 'rate', Math.max(1, Math.ceil((missing / limits.ratePerSecond) * 1_000)));
  }
  let atOnce = granted;
  if (granted > 0 && limits.concurrency !== null) {
    atOnce = Math.min(granted, Math.max(0, limits.concurrency - meter.underWay));
    if (atOnce === 0) cap(0, 'concurrency', slotWaitMs);
  }
  const reserved = BigInt(Math.max(0, granted - wanted.paid)) * wanted.each;
  return {
    granted,
    atOnce,
    refusal,
    meter: {
      ...meter,
      tokens: limits.ratePerSecond === null ? meter.tokens : meter.tokens - granted,
      dayMicros: meter.dayMicros + reserved,
      monthMicros: meter.monthMicros + reserved,
      underWay: meter.underWay + atOnce,
    },
  };
}

function affordable(budget: Micros | null, spent: Micros, { calls, paid, each }: Wanted): number {
  if (budget === null || each === 0n) return calls;
  const left = budget > spent ? (budget - spent) / each : 0n;
  return left > BigInt(calls) ? calls : Math.min(calls, paid + Number(left));
}

function refilled(limits: ProviderLimits, meter: Meter, now: number): Meter {
  if (limits.ratePerSecond === null) return { ...meter, tokens: limits.burst, refilledAt: now };
  const seconds = Math.max(0, now - meter.refilledAt) / 1_000;
  return {
    ...meter,
    tokens: Math.min(limits.burst, meter.tokens + seconds * limits.ratePerSecond),
    refilledAt: now,
  };
}

function rolledOver(meter: Meter, now: number): Meter {
  const day = new Date(now).toISOString().slice(0, 10);
  const month = day.slice(0, 7);
  return {
    ...meter,
    day,
    dayMicros: meter.day === day ? meter.dayMicros : 0n,
    month,
    monthMicros: meter.month === month ? meter.monthMicros : 0n,
  };
}
