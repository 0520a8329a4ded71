import { redisScript, type Redis } from '../../platform/redis/redis.ts';
import type { BucketAnswer, BucketDemand, TokenBuckets } from './token-buckets.ts';

/**
 * Buckets in Redis, by the same rule as PostgreSQL's `identity.take_tokens`: a bucket is the theoretical arrival time of
 * its next request (generic cell rate algorithm), and is gone once it is full again.
 */
export class RedisTokenBuckets implements TokenBuckets {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async take(demands: readonly BucketDemand[]): Promise<BucketAnswer[]> {
    const answers = (await this.#redis.run(
      takeTokens,
      demands.map(({ key }) => `perdure:rate:${key}`),
      demands.flatMap(({ perMinute, slice }) => [String(60e6 / perMinute), String(perMinute), String(slice)]),
    )) as [granted: number, remaining: number, backlog: string, wait: string][];
    return answers.map(([granted, remaining, backlog, wait]) => ({
      granted,
      remaining,
      resetSeconds: Number(backlog) / 1e6,
      waitSeconds: Number(wait) / 1e6,
    }));
  }
}

/** Times are microseconds of Redis's clock. ARGV holds interval, size and slice of each bucket. */
const takeTokens = redisScript(`
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local backlogs, refused = {}, false
  for at, key in ipairs(KEYS) do
    local interval, size = tonumber(ARGV[3 * at - 2]), tonumber(ARGV[3 * at - 1])
    local arrival = tonumber(redis.call('GET', key) or now)
    backlogs[at] = math.max(0, arrival - now)
    if backlogs[at] + interval > interval * size + 1 then refused = true end
  end
  local answers = {}
  for at, key in ipairs(KEYS) do
    local interval, size, slice = tonumber(ARGV[3 * at - 2]), tonumber(ARGV[3 * at - 1]), tonumber(ARGV[3 * at])
    local backlog, granted = backlogs[at], 0
    if not refused then
      granted = backlog + interval * slice <= interval * size / 2 and slice or 1
      backlog = backlog + interval * granted
      redis.call('SET', key, string.format('%.0f', now + backlog), 'PX', math.ceil(backlog / 1000))
    end
    local remaining = math.floor(size - backlog / interval + 0.000001)
    local wait = math.max(0, backlog + interval - interval * size)
    answers[at] = { granted, remaining, string.format('%.0f', backlog), string.format('%.0f', wait) }
  end
  return answers`);
