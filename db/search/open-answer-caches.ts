import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import { RedisUnavailable, type Redis } from '../../platform/redis/redis.ts';
import type { Database } from '../database.ts';
import type { AnswerCache, AnswerCaches, Claims, Followed, Landing } from './answer-cache.ts';
import { CacheRepository } from './cache.repository.ts';
import { RedisAnswerCache } from './redis-answer-cache.ts';

/**
 * Answers in Redis, where there is one, else in PostgreSQL. While Redis is away they are PostgreSQL's as well: what was
 * cached is asked anew, and equal questions are still asked once.
 */
export function openAnswerCaches(
  database: Database,
  redis: Redis | null,
  secretBox: SecretBox,
): AnswerCaches {
  const inPostgres: AnswerCaches = (tenantId) => new CacheRepository(database, tenantId);
  if (!redis) return inPostgres;
  return (tenantId) =>
    new FallingBack(new RedisAnswerCache(redis, secretBox, tenantId), inPostgres(tenantId));
}

/** What was claimed in the one is unknown to the other: whoever works on it lands nothing, and a follower asks anew. */
class FallingBack implements AnswerCache {
  readonly #first: AnswerCache;
  readonly #second: AnswerCache;

  constructor(first: AnswerCache, second: AnswerCache) {
    this.#first = first;
    this.#second = second;
  }

  claim(keys: readonly string[], owner: string, useCache: boolean): Promise<Claims> {
    return this.#either((cache) => cache.claim(keys, owner, useCache));
  }

  renew(owner: string, keys: readonly string[]): Promise<void> {
    return this.#either((cache) => cache.renew(owner, keys));
  }

  land(owner: string, answers: readonly Landing[]): Promise<void> {
    return this.#either((cache) => cache.land(owner, answers));
  }

  release(keys: readonly string[], owner: string): Promise<void> {
    return this.#either((cache) => cache.release(keys, owner));
  }

  follow(followed: readonly { key: string; askedAt: string }[]): Promise<Map<string, Followed>> {
    return this.#either((cache) => cache.follow(followed));
  }

  /** What lies in a Redis that is away can be deleted by nobody else. */
  forget(): Promise<void> {
    return this.#first.forget();
  }

  async #either<T>(use: (cache: AnswerCache) => Promise<T>): Promise<T> {
    try {
      return await use(this.#first);
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return await use(this.#second);
    }
  }
}
