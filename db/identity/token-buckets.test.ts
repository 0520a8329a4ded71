import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { createLogger } from '../../platform/log.ts';
import { Redis } from '../../platform/redis/redis.ts';
import { testDatabase } from '../../test/support/database.ts';
import { findRedis, sharedRedis, startRedis } from '../../test/support/redis.ts';
import { until } from '../../test/support/until.ts';
import { openTokenBuckets } from './open-token-buckets.ts';
import { PostgresTokenBuckets } from './postgres-token-buckets.ts';
import { RedisTokenBuckets } from './redis-token-buckets.ts';
import type { BucketDemand, TokenBuckets } from './token-buckets.ts';

interface Opened {
  buckets: TokenBuckets;
  close: () => Promise<void>;
}

const log = createLogger('test', 'silent');

async function inPostgres(): Promise<Opened> {
  const db = await testDatabase({ of: ['identity'] });
  return { buckets: new PostgresTokenBuckets(db.database), close: () => db.close() };
}

async function inRedis(): Promise<Opened | undefined> {
  const server = await sharedRedis();
  if (!server) return undefined;
  const redis = await Redis.open(server.url, log, 30_000);
  return { buckets: new RedisTokenBuckets(redis), close: () => redis.close() };
}

const bucket = (perMinute: number, slice = 1): BucketDemand => ({ key: uuidv7(), perMinute, slice });

for (const [place, open] of [
  ['PostgreSQL', inPostgres],
  ['Redis', inRedis],
] as const) {
  describe(`Token buckets in ${place}`, () => {
    let opened: Opened | undefined;
    let buckets: TokenBuckets;
    before(async function () {
      opened = await open();
      if (!opened) return this.skip();
      ({ buckets } = opened);
    });
    after(() => opened?.close());

    it('give what fits, and then tell when the next token is back', async () => {
      const demand = bucket(3);
      for (const remaining of [2, 1, 0]) {
        const [answer] = await buckets.take([demand]);
        assert.deepEqual([answer?.granted, answer?.remaining], [1, remaining]);
      }
      const [refused] = await buckets.take([demand]);
      assert.equal(refused?.granted, 0);
      assert.ok(refused.waitSeconds > 10 && refused.waitSeconds <= 20, String(refused.waitSeconds));
      assert.ok(refused.resetSeconds > 50 && refused.resetSeconds <= 60, String(refused.resetSeconds));
    });

    it('take from all or from none, and answer in the order of the demands', async () => {
      const [small, large] = [bucket(1), bucket(100)];
      const first = await buckets.take([large, small]);
      assert.deepEqual(
        first.map(({ granted, remaining }) => [granted, remaining]),
        [
          [1, 99],
          [1, 0],
        ],
      );
      for (let n = 0; n < 3; n += 1) {
        const refused = await buckets.take([small, large]);
        assert.deepEqual(
          refused.map(({ granted, remaining }) => [granted, remaining]),
          [
            [0, 0],
            [0, 99],
          ],
        );
      }
    });

    it('give slices while they stay more than half full, and single tokens after', async () => {
      const demand = bucket(100, 20);
      const granted = [];
      for (let n = 0; n < 4; n += 1) granted.push((await buckets.take([demand]))[0]?.granted);
      assert.deepEqual(granted, [20, 20, 1, 1]);
    });

    it('never give more than they hold, however many ask at once', async () => {
      const demand = bucket(10);
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: 40 }, () => buckets.take([demand])));
      const granted = answers.flat().reduce((sum, answer) => sum + answer.granted, 0);
      const cameBack = Math.ceil((performance.now() - began) / 6_000);
      assert.ok(granted >= 10 && granted <= 10 + cameBack, String(granted));
    });

    it('fill again as time goes by', async () => {
      const demand = bucket(60, 20);
      await until(async () => (await buckets.take([demand]))[0]?.granted === 0);
      await until(async () => (await buckets.take([demand]))[0]?.granted === 1);
    });
  });
}

describe('Token buckets when Redis fails', () => {
  it('are PostgreSQL’s while it is away or hangs, and Redis’s again when it is back', async function () {
    const program = findRedis();
    if (program === undefined) return this.skip();
    const db = await testDatabase({ of: ['identity'] });
    let server = await startRedis(program);
    const redis = await Redis.open(server.url, log);
    try {
      const buckets = openTokenBuckets(db.database, redis);
      const demand = bucket(5);
      const take = async () => {
        const [answer] = await buckets.take([demand]);
        return [answer?.granted, answer?.remaining];
      };
      const inRedisNow = new RedisTokenBuckets(redis);
      assert.deepEqual(await take(), [1, 4]);
      // Frozen: the call is given up, and counted in PostgreSQL.
      process.kill(-server.process.pid, 'SIGSTOP');
      assert.deepEqual(await take(), [1, 4]);
      process.kill(-server.process.pid, 'SIGCONT');
      await until(() => inRedisNow.take([bucket(5)]));
      const port = Number(new URL(server.url).port);
      server.process.kill();
      await server.process.exited;
      for (const left of [3, 2, 1, 0]) assert.deepEqual(await take(), [1, left]);
      assert.deepEqual(await take(), [0, 0]);
      server = await startRedis(program, { port });
      await until(() => inRedisNow.take([bucket(5)]));
      assert.deepEqual(await take(), [1, 4], 'a Redis that is new begins with full buckets');
    } finally {
      await redis.close();
      await server.stop();
      await db.close();
    }
  });

  it('are PostgreSQL’s when it was never there', async () => {
    const db = await testDatabase({ of: ['identity'] });
    const redis = await Redis.open('redis://127.0.0.1:1', log);
    try {
      const [answer] = await openTokenBuckets(db.database, redis).take([bucket(5)]);
      assert.equal(answer?.granted, 1);
    } finally {
      await redis.close();
      await db.close();
    }
  });
});
