import { setTimeout as delay } from 'node:timers/promises';
import { flightLeaseSeconds, type AnswerCache } from '../../db/search/answer-cache.ts';
import type { SharedAnswer } from '../../domain/search/answer.ts';
import { manyUuids } from '../../platform/uuid.ts';
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
  const flights = new Flights(parts, tenantId, signal, work);
  await flights.ask(questions);
  for (let waitMs = firstLookMs; flights.followed > 0; waitMs = Math.min(longestLookMs, waitMs * 1.5)) {
    await delay(waitMs, undefined, { signal });
    await flights.look();
  }
  return flights.answers;
}

class Flights {
  readonly answers = new Map<Question, Shared>();
  readonly #parts: SearchParts;
  readonly #cache: AnswerCache;
  readonly #signal: AbortSignal;
  readonly #work: Work;
  readonly #owner = manyUuids();
  /** Questions that others work on, with the time from which on an answer is new enough. */
  readonly #followed = new Map<Question, string>();

  constructor(parts: SearchParts, tenantId: string, signal: AbortSignal, work: Work) {
    this.#parts = parts;
    this.#cache = parts.answerCaches(tenantId);
    this.#signal = signal;
    this.#work = work;
  }

  get followed(): number {
    return this.#followed.size;
  }

  /** Takes answers from the cache, works out what nobody works on, and follows the rest. */
  async ask(questions: readonly Question[]): Promise<void> {
    for (const useCache of [true, false]) {
      const alike = questions.filter((question) => question.useCache === useCache);
      if (alike.length === 0) continue;
      const keys = alike.map(({ key }) => key);
      const claims = await this.#cache.claim(keys, this.#owner, useCache);
      const ours: Question[] = [];
      for (const question of alike) {
        const claim = claims.byKey.get(question.key);
        if (claim?.state === 'cached') this.answers.set(question, { answer: claim.answer, others: true });
        else if (claim?.state === 'ours') ours.push(question);
        else this.#followed.set(question, claims.askedAt);
      }
      if (ours.length > 0) await this.#workOut(ours);
    }
  }

  /** Sees what has landed of the questions that others work on. What nobody works on any more is asked anew. */
  async look(): Promise<void> {
    this.#signal.throwIfAborted();
    const followed = [...this.#followed].map(([{ key }, askedAt]) => ({ key, askedAt }));
    const standing = await this.#cache.follow(followed);
    const abandoned: Question[] = [];
    for (const question of this.#followed.keys()) {
      const { answer = null, underWay = false } = standing.get(question.key) ?? {};
      // Somebody else's lack of money is no answer.
      if (answer && answer.status !== 'over_budget') this.answers.set(question, { answer, others: true });
      else if (underWay) continue;
      else abandoned.push(question);
      this.#followed.delete(question);
    }
    if (abandoned.length > 0) await this.ask(abandoned);
  }

  /** Works out claimed questions and lands the answers; on a failure the claims are let go. */
  async #workOut(questions: readonly Question[]): Promise<void> {
    const keys = questions.map(({ key }) => key);
    const renewing = setInterval(
      () => {
        this.#cache
          .renew(this.#owner, keys)
          .catch((error: unknown) =>
            this.#parts.log.warn({ err: error }, 'the claim on searches was not renewed'),
          );
      },
      (flightLeaseSeconds * 1_000) / 3,
    );
    try {
      const found = await this.#work(questions);
      await this.#cache.land(
        this.#owner,
        [...found].map(([{ key }, { answer, ttlSeconds }]) => ({ key, answer, ttlSeconds })),
      );
      for (const [question, { answer }] of found) this.answers.set(question, { answer, others: false });
    } catch (error) {
      await this.#letGo(keys);
      throw error;
    } finally {
      clearInterval(renewing);
    }
  }

  /** A claim that can't be let go expires by itself; the failure that led here is the one to tell. */
  async #letGo(keys: readonly string[]): Promise<void> {
    try {
      await this.#cache.release(keys, this.#owner);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the claim on searches was not let go');
    }
  }
}
