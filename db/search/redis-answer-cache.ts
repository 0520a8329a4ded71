import type { SharedAnswer } from '../../domain/search/answer.ts';
import { SecretBoxError, type SecretBox } from '../../platform/crypto/secret-box.ts';
import { redisScript, type Redis } from '../../platform/redis/redis.ts';
import {
  flightLeaseSeconds,
  followSeconds,
  type AnswerCache,
  type Claim,
  type Claims,
  type Followed,
  type Landing,
} from './answer-cache.ts';

/** Answers tell of persons, so they are sealed: Redis, its dumps and its operators see keys and times. */
export class RedisAnswerCache implements AnswerCache {
  readonly #redis: Redis;
  readonly #secretBox: SecretBox;
  readonly #tenantId: string;

  constructor(redis: Redis, secretBox: SecretBox, tenantId: string) {
    this.#redis = redis;
    this.#secretBox = secretBox;
    this.#tenantId = tenantId;
  }

  async claim(keys: readonly string[], owner: string, useCache: boolean): Promise<Claims> {
    const [now, states] = (await this.#redis.run(claimFlights, this.#places(keys), [
      owner,
      String(flightLeaseSeconds * 1_000),
      useCache ? 'cached' : 'anew',
    ])) as [
      now: number,
      states: (readonly ['cached', sealed: string] | readonly ['ours'] | readonly ['theirs'])[],
    ];
    const byKey = new Map<string, Claim>();
    const unreadable: string[] = [];
    for (const [index, key] of keys.entries()) {
      const [state, sealed] = states[index] ?? ['theirs'];
      if (state !== 'cached') byKey.set(key, { state });
      else {
        const answer = this.#open(key, sealed);
        if (answer) byKey.set(key, { state, answer });
        else unreadable.push(key);
      }
    }
    if (unreadable.length > 0) {
      const anew = await this.claim(unreadable, owner, false);
      for (const [key, claim] of anew.byKey) byKey.set(key, claim);
    }
    return { byKey, askedAt: new Date(now).toISOString() };
  }

  async renew(owner: string, keys: readonly string[]): Promise<void> {
    const lease = String(flightLeaseSeconds * 1_000);
    await this.#redis.run(renewFlights, this.#flights(keys), [owner, lease]);
  }

  async land(owner: string, answers: readonly Landing[]): Promise<void> {
    if (answers.length === 0) return;
    await this.#redis.run(landFlights, this.#places(answers.map(({ key }) => key)), [
      owner,
      String(followSeconds * 1_000),
      ...answers.flatMap(({ key, answer, ttlSeconds }) => [
        this.#secretBox.seal(JSON.stringify(answer), [this.#tenantId, key]),
        String(ttlSeconds * 1_000),
      ]),
    ]);
  }

  async release(keys: readonly string[], owner: string): Promise<void> {
    await this.#redis.run(releaseFlights, this.#flights(keys), [owner]);
  }

  async follow(followed: readonly { key: string; askedAt: string }[]): Promise<Map<string, Followed>> {
    const standing = (await this.#redis.run(
      followFlights,
      this.#places(followed.map(({ key }) => key)),
      followed.map(({ askedAt }) => String(Date.parse(askedAt))),
    )) as [sealed: string | null, underWay: number][];
    return new Map(
      followed.map(({ key }, index) => {
        const [sealed, underWay] = standing[index] ?? [null, 0];
        return [key, { answer: sealed === null ? null : this.#open(key, sealed), underWay: underWay === 1 }];
      }),
    );
  }

  /** Deletes all that is kept of the tenant. What is under way for it meanwhile lands nowhere. */
  async forget(): Promise<void> {
    for (const kind of ['flight', 'answer']) {
      let cursor = '0';
      do {
        const pattern = `perdure:${kind}:${this.#tenantId}:*`;
        cursor = String(await this.#redis.run(unlinkSome, [], [cursor, pattern]));
      } while (cursor !== '0');
    }
  }

  /** Null when its key has left the key ring since. */
  #open(key: string, sealed: string): SharedAnswer | null {
    try {
      return JSON.parse(this.#secretBox.open(sealed, [this.#tenantId, key])) as SharedAnswer;
    } catch (error) {
      if (error instanceof SecretBoxError && error.code === 'unknown_key') return null;
      throw error;
    }
  }

  #places(keys: readonly string[]): string[] {
    return [...keys.map((key) => `perdure:answer:${this.#tenantId}:${key}`), ...this.#flights(keys)];
  }

  #flights(keys: readonly string[]): string[] {
    return keys.map((key) => `perdure:flight:${this.#tenantId}:${key}`);
  }
}

// Each script gets the places of answers in the first half of KEYS and those of flights in the second, or flights alone.
// Times are milliseconds of Redis's clock.

const now = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

const claimFlights = redisScript(`${now}
  local half, states = #KEYS / 2, {}
  for at = 1, half do
    local kept = ARGV[3] == 'cached' and redis.call('HMGET', KEYS[at], 'answer', 'fresh_until')
    if kept and kept[1] and tonumber(kept[2]) > now then
      states[at] = { 'cached', kept[1] }
    elseif redis.call('SET', KEYS[half + at], ARGV[1], 'NX', 'PX', ARGV[2]) then
      states[at] = { 'ours' }
    else
      states[at] = { 'theirs' }
    end
  end
  return { now, states }`);

/** Looks at a thousand keys, so that nobody else waits long. Gives where to go on. */
const unlinkSome = redisScript(`
  local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)
  for _, key in ipairs(found[2]) do redis.call('UNLINK', key) end
  return found[1]`);

const renewFlights = redisScript(`
  for _, flight in ipairs(KEYS) do
    if redis.call('GET', flight) == ARGV[1] then redis.call('PEXPIRE', flight, ARGV[2]) end
  end`);

const landFlights = redisScript(`${now}
  local half = #KEYS / 2
  for at = 1, half do
    local flight = KEYS[half + at]
    if redis.call('GET', flight) == ARGV[1] then
      local answer, ttl = ARGV[2 * at + 1], tonumber(ARGV[2 * at + 2])
      redis.call('HSET', KEYS[at], 'answer', answer, 'landed_at', now, 'fresh_until', now + ttl)
      redis.call('PEXPIRE', KEYS[at], ttl + tonumber(ARGV[2]))
      redis.call('DEL', flight)
    end
  end`);

const releaseFlights = redisScript(`
  for _, flight in ipairs(KEYS) do
    if redis.call('GET', flight) == ARGV[1] then redis.call('DEL', flight) end
  end`);

const followFlights = redisScript(`
  local half, standing = #KEYS / 2, {}
  for at = 1, half do
    local kept = redis.call('HMGET', KEYS[at], 'answer', 'landed_at')
    local landed = kept[1] and tonumber(kept[2]) >= tonumber(ARGV[at])
    standing[at] = { landed and kept[1], redis.call('EXISTS', KEYS[half + at]) }
  end
  return standing`);
