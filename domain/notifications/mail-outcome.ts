/** What came of handing a mail to the mail server, in the classes of RFC 5321 §4.2.1. */
export type MailOutcome =
  /** The server has taken it over. */
  | { kind: 'sent'; status: number; answer: string }
  /** It may pass later: a 4yz answer. */
  | { kind: 'deferred'; status: number; answer: string }
  /**
   * It will never pass: a 5yz answer, or what is no address, of which no server is asked. `mailbox`: because of the address, which
   * gets nothing more.
   */
  | { kind: 'refused'; status: number | null; answer: string; mailbox: boolean }
  /** The server could not be spoken to, or does not take mails from us: the mail is not at fault. */
  | { kind: 'unreachable'; problem: string }
  /** It was handed over whole, and no answer came: nobody knows whether it was taken. */
  | { kind: 'unknown'; problem: string };

/** Seconds from one 4yz answer to the next attempt: greylisting ends within minutes, a full mailbox may last a day. */
export const deferralSeconds = [60, 300, 900, 3_600, 10_800, 28_800, 43_200] as const;

/** Longest time for which a server is tried that cannot be reached, in hours. */
export const unreachableHours = 72;

/** A mail of which nobody knows whether it was taken is sent once more, by the same `Message-ID`, and then no more. */
export const mostUnknown = 1;

/** What a mail has been through when an attempt has ended. */
export interface MailHistory {
  /** 4yz answers so far, the latest included. */
  deferred: number;
  /** Attempts whose end nobody knows, the latest included. */
  unknown: number;
  /** Attempts in a row at a server that could not be reached, the latest included. */
  unreachable: number;
  ageMs: number;
}

export type Settlement =
  | { state: 'sent' | 'failed' | 'unknown' }
  | { state: 'failed'; suppress: 'bounce' }
  | { state: 'pending'; waitMs: number };

/**
 * What becomes of a mail after an attempt.
 *
 * @param random from 0 to below 1: waits are up to a fifth shorter or longer, so that what failed together does not come back together
 */
export function settlementOf(outcome: MailOutcome, history: MailHistory, random: number): Settlement {
  const spread = (seconds: number): number => Math.round(seconds * 1_000 * (0.8 + 0.4 * random));
  switch (outcome.kind) {
    case 'sent':
      return { state: 'sent' };
    case 'refused':
      return outcome.mailbox ? { state: 'failed', suppress: 'bounce' } : { state: 'failed' };
    case 'deferred': {
      const seconds = deferralSeconds[history.deferred - 1];
      return seconds === undefined ? { state: 'failed' } : { state: 'pending', waitMs: spread(seconds) };
    }
    case 'unreachable':
      if (history.ageMs > unreachableHours * 3_600_000) return { state: 'failed' };
      return { state: 'pending', waitMs: spread(Math.min(2 ** Math.min(history.unreachable, 9), 300)) };
    case 'unknown':
      return history.unknown > mostUnknown ? { state: 'unknown' } : { state: 'pending', waitMs: spread(60) };
  }
}

/**
 * Whether a 5yz answer to `RCPT TO` speaks of the mailbox. By the enhanced code (RFC 3463) where there is one: `X.1.*` and `X.2.*` do;
 * `X.7.*`, say, speaks of what we may, and the mailbox may well be there. Without a code it does.
 */
export function speaksOfMailbox(answer: string): boolean {
  const [, subject] = /^5\d\d[ -]5\.(\d{1,3})\.\d{1,3}\b/.exec(answer) ?? [];
  return subject === undefined || subject === '1' || subject === '2';
}

const keptAnswer = 300;

/** More is not looked through: the search for addresses takes the square of it. */
const readAnswer = 2_000;

/** An answer as it is kept: servers like to repeat the address in it. */
export function withoutAddresses(answer: string): string {
  // The word that is cut off may be half an address.
  const read = answer.length > readAnswer ? answer.slice(0, readAnswer).replace(/\S*$/, '') : answer;
  return read
    .replaceAll(/<[^>]*>|[^\s<>"(),;:]+@[^\s<>"(),;:]+/g, '<address>')
    .replaceAll('\0', '\uFFFD')
    .slice(0, keptAnswer);
}
