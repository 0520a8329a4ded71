import type { SkipCause, Heard } from '../../domain/search/waterfall.ts';

/** What came of asking one provider one question. */
export type CallOutcome =
  | { heard: Heard }
  /** It was not asked, or did not answer, because of limits. */
  | {
      barred: {
        outcome: 'skipped' | 'throttled';
        cause: SkipCause;
        reason: string;
        retryAfterMs: number | null;
      };
    };

export function barred(
  outcome: 'skipped' | 'throttled',
  cause: SkipCause,
  reason: string,
  retryAfterMs: number | null = null,
): CallOutcome {
  return { barred: { outcome, cause, reason, retryAfterMs } };
}
