import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../db/database.ts';
import { PostgresTokenBuckets } from '../../db/identity/postgres-token-buckets.ts';
import type { TokenBuckets } from '../../db/identity/token-buckets.ts';
import { limits, type Limits } from '../../domain/identity/limits.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { startTestApi } from '../../test/support/api.ts';
import { createIdentityRoutes } from '../identity/routes.ts';
import type { RateLimiter } from '../gateway.ts';
import type { Principal } from '../principal.ts';
import { createRateLimiter } from './rate-limiter.ts';

describe('rate limits', () => {
  let db: TestDatabase;
  let buckets: TokenBuckets;
  before(async () => {
    db = await testDatabase({ of: ['identity'] });
    buckets = new PostgresTokenBuckets(db.database);
  });
  after(() => db?.close());

  const small = (read: number): Limits => {
    const allowance = { read, write: 5, search: 5, upload: 5, login: 5, webhook: 5 };
    const plan = { caller: allowance, tenant: { ...allowance, read: read * 2 } };
    return { plans: { standard: plan, scale: plan, development: plan }, address: allowance };
  };
  const someone = (tenantId = uuidv7(), apiKeyId: string | null = null): Principal => ({
    kind: apiKeyId ? 'api_key' : 'user',
    tenantId,
    plan: 'standard',
    userId: uuidv7(),
    role: 'member',
    scopes: new Set(),
    sessionId: null,
    expiresAt: null,
    apiKeyId,
  });
  const read = (limiter: RateLimiter, principal: Principal | null, address = '192.0.2.1') =>
    limiter.take({ rate: 'read', address, principal });
  const passed = (states: { retryAfterSeconds: number | null }[]) =>
    states.filter((state) => state.retryAfterSeconds === null).length;

  it('let through exactly what is allowed, also when many processes ask at once', async () => {
    for (const allowed of [7, 240]) {
      const processes = [1, 2, 3, 4].map(() => createRateLimiter({ buckets, limits: small(allowed) }));
      const caller = someone();
      const began = performance.now();
      const states = await Promise.all(
        Array.from({ length: allowed * 2 }, (_, at) => read(processes[at % 4] ?? assert.fail(), caller)),
      );
      const through = passed(states);
      // Tokens come back while the test runs; slices taken in advance may lie unused in another process.
      const cameBack = Math.ceil(((performance.now() - began) / 60_000) * allowed);
      assert.ok(through <= allowed + cameBack, `${through} of ${allowed}`);
      assert.ok(through >= allowed * 0.9 - 1, `${through} of ${allowed}`);
    }
  });

  it('tell what is left and how long to wait', async () => {
    const limiter = createRateLimiter({ buckets, limits: small(3) });
    const caller = someone();
    const states = [await read(limiter, caller), await read(limiter, caller), await read(limiter, caller)];
    assert.deepEqual(
      states.map(({ limit, remaining }) => [limit, remaining]),
      [
        [3, 2],
        [3, 1],
        [3, 0],
      ],
    );
    const refused = await read(limiter, caller);
    assert.ok((refused.retryAfterSeconds ?? 0) > 18 && (refused.retryAfterSeconds ?? 0) <= 20);
    assert.equal(refused.remaining, 0);
  });

  it('count keys of one user, and users of one tenant, together', async () => {
    const limiter = createRateLimiter({ buckets, limits: small(4) });
    const user = someone();
    const keys = [uuidv7(), uuidv7()].map((id): Principal => ({ ...user, kind: 'api_key', apiKeyId: id }));
    const byKeys = [];
    for (let n = 0; n < 6; n += 1) byKeys.push(await read(limiter, keys[n % 2] ?? assert.fail()));
    assert.equal(passed(byKeys), 4);
    const byUsers = [];
    for (let n = 0; n < 6; n += 1) byUsers.push(await read(limiter, someone(user.tenantId)));
    assert.equal(passed(byUsers), 4);
    assert.equal(passed([await read(limiter, someone())]), 1);
  });

  it('take nothing from anybody for a request that is refused', async () => {
    const limiter = createRateLimiter({ buckets, limits: small(4) });
    const greedy = someone();
    for (let n = 0; n < 50; n += 1) await read(limiter, greedy);
    const colleague = someone(greedy.tenantId);
    const states = [];
    for (let n = 0; n < 4; n += 1) states.push(await read(limiter, colleague));
    assert.equal(passed(states), 4);
  });

  it('count callers without a credential by their network', async () => {
    const limiter = createRateLimiter({ buckets, limits: small(2) });
    const states = [];
    for (const host of ['1', '2', '3']) states.push(await read(limiter, null, `2001:db8:1:2::${host}`));
    assert.equal(passed(states), 2);
    assert.equal(passed([await read(limiter, null, '2001:db8:1:3::1')]), 1);
  });

  it('cost few round trips while the limit is far', async () => {
    let trips = 0;
    const counting: TokenBuckets = {
      take: (demands) => {
        trips += 1;
        return buckets.take(demands);
      },
    };
    const limiter = createRateLimiter({ buckets: counting, limits });
    const caller = someone();
    for (let n = 0; n < 400; n += 1) await read(limiter, caller);
    assert.ok(trips <= 20, `${trips} round trips for 400 requests`);
  });

  it('fail rather than let everything through when the database is away', async () => {
    const away = new Database({
      url: 'postgres://nobody@127.0.0.1:1/nothing',
      domainUrls: {},
      poolSize: 2,
      applicationName: 'test',
    });
    await assert.rejects(read(createRateLimiter({ buckets: new PostgresTokenBuckets(away) }), someone()));
    await away.close();
  });

  it('answer 429 with the time to wait, and count wrong credentials', async () => {
    const api = await startTestApi(createIdentityRoutes, {
      rateLimiter: ({ database }) =>
        createRateLimiter({ buckets: new PostgresTokenBuckets(database), limits: small(2) }),
    });
    try {
      const { viewer } = await api.tenant('standard');
      const asViewer = () => api.client.as(viewer).get('/v1/users/me');
      const first = await asViewer();
      assert.deepEqual(
        ['limit', 'remaining'].map((name) => first.headers.get(`ratelimit-${name}`)),
        ['2', '1'],
      );
      await asViewer();
      const third = await asViewer();
      assert.deepEqual([third.status, third.body.code], [429, 'request.rate_limited']);
      assert.ok(Number(third.headers.get('retry-after')) >= 1);
      const guess = () => api.client.as({ authorization: 'Bearer pk_guess' }).get('/v1/users/me');
      const guesses = [await guess(), await guess(), await guess()];
      assert.deepEqual(
        guesses.map(({ status }) => status),
        [401, 401, 429],
      );
    } finally {
      await api.close();
    }
  });
});
