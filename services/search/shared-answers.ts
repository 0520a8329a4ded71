import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { CacheRepository, flightLeaseSeconds, type Claims } from '../../db/search/cache.repository.ts';
import type { SharedAnswer } from '../../domain/search/answer.ts';
import type { SearchParts } from './parts.ts';
import type { Question } from './questions.ts';

/** How often a follower looks whether the answer has landed: soon at first, then less often. */
const firstLookMs = 8;
const longestLookMs = 100;

/** An answer of one's own, with how long later questions may use it. */
export interface WorkedOut {
  answer: SharedAnswer;
  ttlSeconds: number;
}

export interface Shared {
  answer: SharedAnswer;
  /** It is somebody else's work: from the cache, or of an equal question at the same time. */
  others: boolean;
}

/** Works questions out, and gives the answer to each. */
type Work = (questions: readonly Question[]) => Promise<Map<Question, WorkedOut>>;

/**
 * Answers questions from the cache and makes equal ones, over all processes, into one: who claims a question first works
 * it out, the others wait for the answer to land. Should the worker die, its claim expires and a follower takes over.
 */
export async function answerShared(
  parts: SearchParts,
  tenantId: string,
  questions: readonly Question[],
  work: Work,
  signal: AbortSignal,
): Promise<Map<Question, Shared>> {
  const flights = new Flights(parts, tenantId, signal);
  const answers = new Map<Question, Shared>();
  const followed: { question: Question; askedAt: string }[] = [];
  for (const useCache of [true, false]) {
    const alike = questions.filter((question) => question.useCache === useCache);
    if (alike.length === 0) continue;
    const claims = await flights.claim(alike, useCache);
    const ours: Question[] = [];
    for (const question of alike) {
      const claim = claims.byKey.get(question.key);
      if (claim?.state === 'cached') answers.set(question, { answer: claim.answer, others: true });
      else if (claim?.state === 'ours') ours.push(question);
      else followed.push({ question, askedAt: claims.askedAt });
    }
    for (const [question, answer] of await flights.workOut(ours, work)) {
      answers.set(question, { answer, others: false });
    }
  }
  await Promise.all(
    followed.map(async ({ question, askedAt }) => {
      answers.set(question, await flights.follow(question, askedAt, work));
    }),
  );
  return answers;
}

class Flights {
  readonly #parts: SearchParts;
  readonly #tenantId: string;
  readonly #signal: AbortSignal;
  readonly #owner = uuidv7();

  constructor(parts: SearchParts, tenantId: string, signal: AbortSignal) {
    this.#parts = parts;
    this.#tenantId = tenantId;
    this.#signal = signal;
  }

  claim(questions: readonly Question[], useCache: boolean): Promise<Claims> {
    const keys = questions.map(({ key }) => key);
    return this.#cache((cache) => cache.claim(keys, this.#owner, useCache));
  }

  /** Works out claimed questions and lands the answers; on a failure the claims are let go. */
  async workOut(questions: readonly Question[], work: Work): Promise<Map<Question, SharedAnswer>> {
    if (questions.length === 0) return new Map();
    const keys = questions.map(({ key }) => key);
    const renewing = setInterval(
      () => {
        this.#cache((cache) => cache.renew(this.#owner, keys)).catch((error: unknown) =>
          this.#parts.log.warn({ err: error }, 'the claim on searches was not renewed'),
        );
      },
      (flightLeaseSeconds * 1_000) / 3,
    );
    try {
      const found = await work(questions);
      const landing = [...found].map(([{ key }, { answer, ttlSeconds }]) => ({ key, answer, ttlSeconds }));
      await this.#cache((cache) => cache.land(this.#owner, landing));
      return new Map([...found].map(([question, { answer }]) => [question, answer]));
    } catch (error) {
      await this.#letGo(keys);
      throw error;
    } finally {
      clearInterval(renewing);
    }
  }

  /** Waits for somebody else's answer; works it out itself when nobody does any more. */
  async follow(question: Question, askedAt: string, work: Work): Promise<Shared> {
    let since = askedAt;
    for (let waitMs = firstLookMs; ; waitMs = Math.min(longestLookMs, waitMs * 1.5)) {
      const { answer, underWay } = await this.#cache((cache) => cache.follow(question.key, since));
      // Somebody else's lack of money is no answer.
      if (answer && answer.status !== 'over_budget') return { answer, others: true };
      if (!underWay) {
        const claims = await this.claim([question], question.useCache);
        const claim = claims.byKey.get(question.key);
        if (claim?.state === 'cached') return { answer: claim.answer, others: true };
        if (claim?.state === 'ours') {
          const own = (await this.workOut([question], work)).get(question);
          if (!own) throw new Error('A question was not worked out.');
          return { answer: own, others: false };
        }
        since = claims.askedAt;
      }
      await delay(waitMs, undefined, { signal: this.#signal });
    }
  }

  /** A claim that can't be let go expires by itself; the failure that led here is the one to tell. */
  async #letGo(keys: readonly string[]): Promise<void> {
    try {
      await this.#cache((cache) => cache.release(keys, this.#owner));
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the claim on searches was not let go');
    }
  }

  #cache<T>(use: (cache: CacheRepository) => Promise<T>): Promise<T> {
    return this.#parts.database.read('search', ({ sql }) => use(new CacheRepository(sql, this.#tenantId)));
  }
}
