import { RedisUnavailable, type Redis } from '../../platform/redis/redis.ts';
import type { Database } from '../database.ts';
import { PostgresTokenBuckets } from './postgres-token-buckets.ts';
import { RedisTokenBuckets } from './redis-token-buckets.ts';
import type { TokenBuckets } from './token-buckets.ts';

/**
 * Buckets in Redis, where there is one, else in PostgreSQL. While Redis is away they are PostgreSQL's as well, which begin
 * full: nobody is let through uncounted.
 */
export function openTokenBuckets(database: Database, redis: Redis | null): TokenBuckets {
  const postgres = new PostgresTokenBuckets(database);
  if (!redis) return postgres;
  const buckets = new RedisTokenBuckets(redis);
  return {
    async take(demands) {
      try {
        return await buckets.take(demands);
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) throw error;
        return await postgres.take(demands);
      }
    },
  };
}
