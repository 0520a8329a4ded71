import { retryAfterMs } from '../retry-after.ts';
import { leastWaitWhenTooFastMs } from './delivery-schedule.ts';

/** What a receiver has answered, or why there is no answer. */
export type ReceiverAnswer =
  | { status: number; headers: Readonly<Record<string, string | undefined>> }
  /** A code of why nothing was answered: `timeout`, `blocked_ip`, … */
  | { problem: string };

export interface Verdict {
  delivered: boolean;
  /** The receiver wants nothing any more (410 Gone). */
  gone: boolean;
  /** It does not answer, or only that it can't: what counts for the circuit. A refusal of one message does not. */
  down: boolean;
  /** How long it wants to be left alone, in milliseconds; null when it has not said. */
  holdMs: number | null;
}

/**
 * What an attempt has come to. Only 2xx is a success (Standard Webhooks 1.0.0): a redirect is not followed, as it would
 * lead where nobody has agreed to be sent to. Any failure may carry a `Retry-After`.
 */
export function judge(answer: ReceiverAnswer, now: Date): Verdict {
  if ('problem' in answer) return { delivered: false, gone: false, down: true, holdMs: null };
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { delivered: true, gone: false, down: false, holdMs: null };
  const asked = retryAfterMs(headers, now);
  const holdMs = status === 429 ? Math.max(asked ?? leastWaitWhenTooFastMs, 0) : asked;
  return { delivered: false, gone: status === 410, down: status >= 500, holdMs };
}
