/** What log-ins are counted by. */
export type ThrottleKind = 'account' | 'network';

interface ThrottleRule {
  /** Failures that cost nothing. */
  free: number;
  /** Longest wait, in seconds. Nobody is ever locked out for good. */
  most: number;
}

/**
 * One network may hold many people, so it has more patience. An account's wait stays short: whoever wants to keep its
 * owner out by failing on purpose must not succeed for long.
 */
export const throttleRules: Readonly<Record<ThrottleKind, ThrottleRule>> = {
  account: { free: 5, most: 120 },
  network: { free: 50, most: 900 },
};

/** Failures older than this, in seconds, count no more. */
export const throttleMemory = 24 * 60 * 60;
