import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../domain/domains.ts';
import { withoutLogFacts } from '../platform/log-context.ts';
import { outsideSpans } from '../platform/telemetry/span.ts';

const gatherMilliseconds = 5;

/** PostgreSQL takes less than 8,000 bytes; words are ASCII. */
const longestNotice = 7_900;

/** Whom a notice concerns. */
export interface Notice {
  domain: Domain;
  words: readonly string[];
}

/** `search audit statistics`: the domain, and what it has for whom. As many notices as it takes. */
function writeNotices({ domain, words }: Notice): string[] {
  const notices: string[] = [];
  let notice: string = domain;
  for (const word of words) {
    if (notice.length + 1 + word.length > longestNotice) {
      notices.push(notice);
      notice = domain;
    }
    notice += ` ${word}`;
  }
  return [...notices, notice];
}

export function readNotice(payload: string): { domain: string; words: readonly string[] } {
  const [domain = '', ...words] = payload.split(' ');
  return { domain, words };
}

/** What is to be told when a transaction is committed, by channel. */
export class NoticesDue {
  readonly channels = new Map<string, Set<string>>();

  add(channel: string, ...words: readonly string[]): void {
    if (words.length === 0) return;
    const due = this.channels.get(channel) ?? new Set();
    for (const word of words) due.add(word);
    this.channels.set(channel, due);
  }
}

/**
 * Tells those who listen of commits, one notice for all that were made while the one before was on its way.
 *
 * After the commit and not in it: a transaction that gives notice holds a lock of the whole server while it commits, so that
 * PostgreSQL writes such commits to disk one after the other instead of together. A notice that is lost (the process dies in
 * between) costs a moment: those who listen sweep as well.
 */
export class CommitNotices {
  readonly #send: (domain: Domain, channel: string, payload: string) => Promise<unknown>;
  readonly #due = new Map<Domain, NoticesDue>();
  readonly #underWay = new Map<Domain, Promise<void>>();

  constructor(send: (domain: Domain, channel: string, payload: string) => Promise<unknown>) {
    this.#send = send;
  }

  /** @param committed what it concerns; everybody else is left asleep */
  give(domain: Domain, committed: NoticesDue): void {
    if (committed.channels.size === 0) return;
    const due = this.#due.get(domain) ?? new NoticesDue();
    for (const [channel, words] of committed.channels) due.add(channel, ...words);
    this.#due.set(domain, due);
    if (this.#underWay.has(domain)) return;
    const giving = withoutLogFacts(() => outsideSpans(() => this.#giveAll(domain)));
    this.#underWay.set(domain, giving);
  }

  /** Waits for the notices that are under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  async #giveAll(domain: Domain): Promise<void> {
    for (let due = this.#take(domain); due; due = this.#take(domain)) {
      for (const [channel, words] of due.channels)
        for (const payload of writeNotices({ domain, words: [...words] }))
          // A database that is away has nobody to tell either; who waits for this notice finds it by sweeping.
          await this.#send(domain, channel, payload).catch(() => undefined);
      // The first is told at once; under load, what is committed in the next moment is told together.
      await pause(gatherMilliseconds);
    }
    this.#underWay.delete(domain);
  }

  #take(domain: Domain): NoticesDue | undefined {
    const due = this.#due.get(domain);
    this.#due.delete(domain);
    return due;
  }
}
