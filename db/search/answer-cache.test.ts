import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { SharedAnswer } from '../../domain/search/answer.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { createLogger } from '../../platform/log.ts';
import { Redis, redisScript } from '../../platform/redis/redis.ts';
import { testDatabase } from '../../test/support/database.ts';
import { findRedis, sharedRedis, startRedis } from '../../test/support/redis.ts';
import { until } from '../../test/support/until.ts';
import type { AnswerCaches } from './answer-cache.ts';
import { openAnswerCaches } from './open-answer-caches.ts';
import { CacheRepository } from './cache.repository.ts';
import { RedisAnswerCache } from './redis-answer-cache.ts';

interface Opened {
  caches: AnswerCaches;
  /** Ends the leases of a tenant's questions, as time does. */
  expireLeases(tenantId: string, keys: string[]): Promise<unknown>;
  close: () => Promise<void>;
}

const log = createLogger('test', 'silent');
/** Workers, by who they are in the test. */
const worker = (name: string) => `00000000-0000-4000-8000-${hash('sha256', name, 'hex').slice(0, 12)}`;
const box = () => new SecretBox({ current: 'k1', keys: new Map([['k1', randomBytes(32)]]) });
const answerOf = (name: string): SharedAnswer => ({
  status: 'not_found',
  people: [],
  facts: { name },
  problem: null,
  trace: [],
});

async function inPostgres(): Promise<Opened> {
  const db = await testDatabase({ of: ['search'] });
  return {
    caches: (tenantId) => new CacheRepository(db.database, tenantId),
    expireLeases: (tenantId) =>
      db.database.read('search', ({ sql }) =>
        sql(`update search.flights set lease_until = now() - interval '1 ms' where tenant_id = $1`, [
          tenantId,
        ]),
      ),
    close: () => db.close(),
  };
}

async function inRedis(): Promise<Opened | undefined> {
  const server = await sharedRedis();
  if (!server) return undefined;
  const redis = await Redis.open(server.url, log, 30_000);
  const secretBox = box();
  const expire = redisScript(`for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 0) end`);
  return {
    caches: (tenantId) => new RedisAnswerCache(redis, secretBox, tenantId),
    expireLeases: (tenantId, keys) =>
      redis.run(
        expire,
        keys.map((key) => `perdure:flight:${tenantId}:${key}`),
        [],
      ),
    close: () => redis.close(),
  };
}

for (const [place, open] of [
  ['PostgreSQL', inPostgres],
  ['Redis', inRedis],
] as const) {
  describe(`The cache of answers in ${place}`, () => {
    let opened: Opened | undefined;
    let use: Opened;
    before(async function () {
      opened = await open();
      if (!opened) return this.skip();
      use = opened;
    });
    after(() => opened?.close());

    const keys = ['one', 'two', 'three'].map((text) => hash('sha256', text, 'hex'));
    const [one = '', two = '', three = ''] = keys;
    const statesOf = (claims: { byKey: Map<string, { state: string }> }) =>
      keys.flatMap((key) => claims.byKey.get(key)?.state ?? []);

    it('gives a question to one of many that ask at once', async () => {
      const cache = use.caches(uuidv7());
      const claims = await Promise.all(Array.from({ length: 20 }, () => cache.claim(keys, uuidv7(), true)));
      for (const key of keys) {
        const states = claims.map(({ byKey }) => byKey.get(key)?.state);
        assert.equal(states.filter((state) => state === 'ours').length, 1);
        assert.equal(states.filter((state) => state === 'theirs').length, 19);
      }
    });

    it('gives the answer that landed, while it is fresh, and to whoever wants no other', async () => {
      const cache = use.caches(uuidv7());
      await cache.claim([one, two], worker('a'), true);
      await cache.land(worker('a'), [
        { key: one, answer: answerOf('Zoë'), ttlSeconds: 60 },
        { key: two, answer: answerOf('never fresh'), ttlSeconds: 0 },
      ]);
      const later = await cache.claim(keys, worker('b'), true);
      assert.deepEqual(statesOf(later), ['cached', 'ours', 'ours']);
      assert.deepEqual(later.byKey.get(one), { state: 'cached', answer: answerOf('Zoë') });
      assert.deepEqual(statesOf(await cache.claim([one], worker('c'), false)), ['ours']);
      await cache.claim([three], worker('d'), true);
      await cache.release([three], worker('b'));
      await cache.claim([three], worker('d'), true);
      await cache.land(worker('d'), [{ key: three, answer: answerOf('short'), ttlSeconds: 1 }]);
      await until(
        async () => (await cache.claim([three], worker('e'), true)).byKey.get(three)?.state === 'ours',
      );
    });

    it('shows followers what lands after they asked, and whether somebody is at it', async () => {
      const cache = use.caches(uuidv7());
      await cache.claim([one], worker('a'), true);
      const { askedAt } = await cache.claim([one], worker('b'), true);
      const look = async (since = askedAt) => (await cache.follow([{ key: one, askedAt: since }])).get(one);
      assert.deepEqual(await look(), { answer: null, underWay: true });
      await cache.land(worker('a'), [{ key: one, answer: answerOf('landed'), ttlSeconds: 0 }]);
      assert.deepEqual(await look(), { answer: answerOf('landed'), underWay: false });
      assert.equal(Number.isNaN(Date.parse(askedAt)), false);
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
      assert.deepEqual(await look(tomorrow), { answer: null, underWay: false });
    });

    it('lets go of questions that are released, and of those whose worker gives no sign of life', async () => {
      const tenantId = uuidv7();
      const cache = use.caches(tenantId);
      await cache.claim([one, two], worker('a'), true);
      await cache.release([one, two], worker('somebody else'));
      assert.deepEqual(statesOf(await cache.claim([one, two], worker('b'), true)), ['theirs', 'theirs']);
      await cache.release([one], worker('a'));
      assert.deepEqual(statesOf(await cache.claim([one, two], worker('b'), true)), ['ours', 'theirs']);
      await use.expireLeases(tenantId, [two]);
      assert.deepEqual(statesOf(await cache.claim([two], worker('b'), true)), ['ours']);
    });

    it('lets nothing land of a worker whose question another has taken over', async () => {
      const tenantId = uuidv7();
      const cache = use.caches(tenantId);
      await cache.claim([one], worker('zombie'), true);
      await cache.renew(worker('zombie'), [one]);
      await use.expireLeases(tenantId, [one]);
      await cache.claim([one], worker('heir'), true);
      await cache.renew(worker('zombie'), [one]);
      await cache.land(worker('zombie'), [{ key: one, answer: answerOf('late'), ttlSeconds: 60 }]);
      assert.deepEqual(statesOf(await cache.claim([one], worker('c'), true)), ['theirs']);
      await cache.land(worker('heir'), [{ key: one, answer: answerOf('right'), ttlSeconds: 60 }]);
      assert.deepEqual((await cache.claim([one], worker('c'), true)).byKey.get(one), {
        state: 'cached',
        answer: answerOf('right'),
      });
    });

    it('keeps tenants apart', async () => {
      const [mine, yours] = [use.caches(uuidv7()), use.caches(uuidv7())];
      await mine.claim([one], worker('a'), true);
      await mine.land(worker('a'), [{ key: one, answer: answerOf('mine'), ttlSeconds: 60 }]);
      assert.deepEqual(statesOf(await yours.claim([one], worker('a'), true)), ['ours']);
    });
  });
}

describe('The cache of answers in Redis and its secrets', () => {
  it('shows Redis no answer, and asks anew what was sealed with a key that is gone', async function () {
    const server = await sharedRedis();
    if (!server) return this.skip();
    const redis = await Redis.open(server.url, log, 30_000);
    try {
      const [tenantId, key] = [uuidv7(), hash('sha256', 'secret', 'hex')];
      const cache = new RedisAnswerCache(redis, box(), tenantId);
      await cache.claim([key], worker('a'), true);
      await cache.land(worker('a'), [{ key, answer: answerOf('planted-person'), ttlSeconds: 60 }]);
      const read = redisScript(`return redis.call('HGETALL', KEYS[1])`);
      const stored = (await redis.run(read, [`perdure:answer:${tenantId}:${key}`], [])) as string[];
      assert.equal(stored.length, 6);
      assert.ok(!stored.join().includes('planted'));
      const rotated = new RedisAnswerCache(
        redis,
        new SecretBox({ current: 'k2', keys: new Map([['k2', randomBytes(32)]]) }),
        tenantId,
      );
      assert.equal((await rotated.claim([key], worker('b'), true)).byKey.get(key)?.state, 'ours');
    } finally {
      await redis.close();
    }
  });

  it('deletes all that it keeps of a tenant, and nothing of another', async function () {
    const server = await sharedRedis();
    if (!server) return this.skip();
    const redis = await Redis.open(server.url, log, 30_000);
    try {
      const secretBox = box();
      const [gone, stays] = [uuidv7(), uuidv7()];
      const many = Array.from({ length: 1_500 }, (_, n) => hash('sha256', String(n), 'hex'));
      const answers = many.map((key) => ({ key, answer: answerOf('planted-person'), ttlSeconds: 60 }));
      for (const tenantId of [gone, stays]) {
        const cache = new RedisAnswerCache(redis, secretBox, tenantId);
        await cache.claim(many, worker('a'), true);
        await cache.land(worker('a'), answers);
        await cache.claim([hash('sha256', 'under way', 'hex')], worker('b'), true);
      }
      await new RedisAnswerCache(redis, secretBox, gone).forget();
      const count = redisScript(`return #redis.call('KEYS', ARGV[1])`);
      assert.equal(await redis.run(count, [], [`perdure:*:${gone}:*`]), 0);
      assert.equal(await redis.run(count, [], [`perdure:*:${stays}:*`]), 1_501);
    } finally {
      await redis.close();
    }
  });

  it('is PostgreSQL’s when Redis dies with questions under way: they are asked anew, once', async function () {
    const program = findRedis();
    if (program === undefined) return this.skip();
    const server = await startRedis(program);
    const db = await testDatabase({ of: ['search'] });
    const redis = await Redis.open(server.url, log);
    try {
      const key = hash('sha256', 'question', 'hex');
      const cache = openAnswerCaches(db.database, redis, box())(uuidv7());
      await cache.claim([key], worker('first'), true);
      const { askedAt } = await cache.claim([key], worker('follower'), true);
      await server.stop();
      assert.deepEqual((await cache.follow([{ key, askedAt }])).get(key), { answer: null, underWay: false });
      await cache.land(worker('first'), [{ key, answer: answerOf('lost'), ttlSeconds: 60 }]);
      assert.equal((await cache.claim([key], worker('follower'), true)).byKey.get(key)?.state, 'ours');
      assert.equal((await cache.claim([key], worker('third'), true)).byKey.get(key)?.state, 'theirs');
      await cache.land(worker('follower'), [{ key, answer: answerOf('found'), ttlSeconds: 60 }]);
      assert.equal((await cache.claim([key], worker('third'), true)).byKey.get(key)?.state, 'cached');
    } finally {
      await redis.close();
      await server.stop();
      await db.close();
    }
  });
});
