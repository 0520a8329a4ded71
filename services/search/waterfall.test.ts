import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { LimitsRepository } from '../../db/search/limits.repository.ts';
import { ProviderRepository } from '../../db/search/provider.repository.ts';
import {
  requestOf,
  scopeOf,
  searchHarness,
  vendorConfig,
  type SearchHarness,
} from '../../test/support/search.ts';
import { until } from '../../test/support/until.ts';
import { shiftClock } from '../../test/support/shifted-clock.ts';
import { startVendor, type Vendor, type VendorReply } from '../../test/support/vendor.ts';

const never = new AbortController().signal;
const phone = '+44 7400 123456';
const mobile = { name: 'Ada Lovelace', phone: '+44 7400 123456', score: 0.92 };
const landline = { name: 'Ada Lovelace', phone: '+44 20 7946 0958', score: 0.9 };
const someone = { body: { people: [mobile], final: true } };

describe('A search over paid providers', () => {
  let harness: SearchHarness;
  const vendors: Vendor[] = [];
  let tenantId: string;

  before(async () => {
    for (let index = 0; index < 4; index += 1) vendors.push(await startVendor());
    harness = await searchHarness(vendors.map(({ host }) => host));
  });
  after(async () => {
    await harness.close();
    await Promise.all(vendors.map((vendor) => vendor.close()));
  });
  beforeEach(async () => {
    tenantId = uuidv7();
    for (const one of vendors) {
      one.requests.length = 0;
      one.reply = () => ({ status: 404 });
    }
    await harness.withoutDefaults(tenantId);
  });

  const vendor = (index: number): Vendor => vendors[index] ?? assert.fail('no such vendor');
  const charges = () =>
    harness.rows<{
      provider: string;
      state: string;
      outcome: string;
      calls: number;
      amount: string;
      effect_key: string;
    }>(
      `select provider, state, outcome, calls, amount_micros::text as amount, effect_key from search.charges
       where tenant_id = $1 order by provider, effect_key`,
      [tenantId],
    );

  it('asks in order until an answer is validated and has what is required, and bills the calls made', async () => {
    const price = { perCall: 10_000n, perHit: 40_000n };
    for (const [index, name] of ['A', 'B', 'C', 'D'].entries()) {
      await harness.provider(tenantId, { name, price, config: vendorConfig(vendor(index)) });
    }
    vendor(1).reply = () => ({ body: { people: [landline], final: true } });
    vendor(2).reply = () => ({ body: { people: [mobile], final: true } });
    vendor(3).reply = () => ({ body: { people: [mobile], final: true } });
    const result = await harness.search(
      tenantId,
      'name',
      { full_name: 'Ada Lovelace' },
      { requiredFields: ['phones.mobile'] },
    );

    assert.deepEqual(
      result.trace.map(({ provider, outcome, reason, costMicros }) => [
        provider,
        outcome,
        reason,
        costMicros,
      ]),
      [
        ['A', 'miss', 'status 404', '10000'],
        ['B', 'hit', 'the answer has no phones.mobile', '50000'],
        ['C', 'hit', 'a validated answer', '50000'],
        ['D', 'skipped', 'C has given a validated answer', '0'],
      ],
    );
    assert.deepEqual(
      vendors.map(({ requests }) => requests.length),
      [1, 1, 1, 0],
    );
    assert.deepEqual([result.status, result.costMicros], ['found', 110_000n]);
    assert.deepEqual(result.people[0]?.fields.phones, [mobile.phone]);
    assert.deepEqual(
      (await charges()).map(({ provider, state, outcome, calls, amount }) => [
        provider,
        state,
        outcome,
        calls,
        amount,
      ]),
      [
        ['A', 'settled', 'miss', 1, '10000'],
        ['B', 'settled', 'hit', 1, '50000'],
        ['C', 'settled', 'hit', 1, '50000'],
      ],
    );
    const keys = vendors.slice(0, 3).map(({ requests }) => requests[0]?.headers['idempotency-key']);
    const charged = (await charges()).map(({ effect_key: key }) => key);
    assert.deepEqual(new Set(keys), new Set(charged));
    const [logged] = await harness.rows(
      'select status, cost_micros::text, cached from search.searches where id = $1',
      [result.searchId],
    );
    assert.deepEqual(logged, { status: 'found', cost_micros: '110000', cached: false });
  });

  it('makes fifty equal searches of two processes into one call, and into another after the time to live', async () => {
    await harness.provider(tenantId, {
      name: 'A',
      price: { perCall: 5_000n, perHit: 0n },
      cacheTtlSeconds: 1,
      config: vendorConfig(vendor(0)),
    });
    const asked = Promise.withResolvers<VendorReply>();
    vendor(0).reply = () => asked.promise;
    const processes = [harness.process(), harness.process()];
    const spellings = [phone, '07400 123456', '+447400123456', 'tel:+44-7400-123456', '0044 7400 123 456'];
    const searchAll = () =>
      Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const fields = { phone: spellings[index % 5] ?? '', country: 'GB' };
          const engine = processes[index % 2]?.engine ?? assert.fail();
          return engine.search(scopeOf(tenantId), requestOf('phone', fields), never);
        }),
      );
    const searching = searchAll();
    await until(() => vendor(0).requests.length > 0);
    asked.resolve(someone);
    const first = await searching;
    assert.equal(vendor(0).requests.length, 1);
    assert.equal(new Set(first.map(({ people }) => JSON.stringify(people))).size, 1);
    assert.equal(first[0]?.people[0]?.fields.full_name, 'Ada Lovelace');
    assert.deepEqual(
      [
        first.filter(({ cached }) => !cached).length,
        first.reduce((sum, { costMicros }) => sum + costMicros, 0n),
      ],
      [1, 5_000n],
    );
    // The number tells the country: naming it besides makes no other question.
    await harness.search(tenantId, 'phone', { phone });
    assert.equal(vendor(0).requests.length, 1);
    await untilStale();
    const second = await harness.search(tenantId, 'phone', { phone });
    assert.deepEqual([vendor(0).requests.length, second.cached], [2, false]);

    async function untilStale(): Promise<void> {
      for (;;) {
        const rows = await harness.rows(
          'select 1 from search.cache_entries where fresh_until > now() and tenant_id = $1',
          [tenantId],
        );
        if (rows.length === 0) return;
      }
    }
  });

  it('takes over a question whose worker gives no sign of life, and lets nothing of it through later', async () => {
    await harness.provider(tenantId, { name: 'A', config: vendorConfig(vendor(0)) });
    const hanging = Promise.withResolvers<VendorReply>();
    vendor(0).reply = (_, count) => (count > 1 ? someone : hanging.promise);
    const frozen = harness.process().engine.search(scopeOf(tenantId), requestOf('phone', { phone }), never);
    while (vendor(0).requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const following = harness.search(tenantId, 'phone', { phone });
    await harness.rows(`update search.flights set lease_until = now() where tenant_id = $1`, [tenantId]);
    assert.deepEqual([(await following).status, vendor(0).requests.length], ['found', 2]);
    hanging.resolve({ status: 404 });
    assert.equal((await frozen).status, 'not_found');
    assert.equal((await harness.search(tenantId, 'phone', { phone })).status, 'found');
    assert.equal(vendor(0).requests.length, 2);
  });

  it('leaves a vendor alone for as long as it asks, in every process', async () => {
    await harness.provider(tenantId, { name: 'A', config: vendorConfig(vendor(0)) });
    vendor(0).reply = (_, count) =>
      count === 1 ? { status: 429, headers: { 'retry-after': '2' } } : someone;
    const other = harness.process();
    const first = harness.search(tenantId, 'phone', { phone });
    while (vendor(0).requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = other.engine.search(
      scopeOf(tenantId),
      requestOf('phone', { phone: '+44 7400 123457' }),
      never,
    );
    assert.deepEqual([(await first).status, (await second).status], ['found', 'found']);
    const [refused, ...later] = vendor(0).requests;
    assert.equal(later.length, 2);
    for (const { at } of later) assert.ok(at - (refused?.at ?? 0) >= 1_990, 'it came too early');
    const settled = (await charges()).filter(({ state }) => state === 'settled').map(({ calls }) => calls);
    assert.deepEqual(new Set(settled), new Set([1, 2]));
  });

  it('tells a batch to come back when a vendor asks for a long pause', async () => {
    await harness.provider(tenantId, { name: 'A', config: vendorConfig(vendor(0)) });
    vendor(0).reply = () => ({ status: 429, headers: { 'retry-after': '120' } });
    const { results } = await harness.engine.searchMany(
      scopeOf(tenantId, { source: 'batch' }),
      [requestOf('phone', { phone })],
      never,
    );
    const [result] = results;
    assert.equal(result?.status, 'failed');
    assert.equal(result?.retryLater?.reason, 'A: the provider asked for a pause');
    assert.ok((result?.retryLater?.afterMs ?? 0) > 100_000);
  });

  it('never reaches private addresses, not by a redirect either, and shows no secret', async () => {
    const secret = 'vendor-secret-0123456789';
    vendor(1).reply = () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/secret' } });
    const metadata = vendorConfig({ origin: 'http://169.254.169.254' }, '/latest/meta-data');
    const redirecting = vendorConfig(vendor(1), '/go/{{secret.api_key}}');
    await harness.provider(tenantId, { name: 'metadata', config: metadata });
    await harness.provider(tenantId, { name: 'redirecting', config: redirecting }, { api_key: secret });
    const result = await harness.search(tenantId, 'phone', { phone });
    assert.deepEqual(
      result.trace.map(({ provider, outcome, reason }) => [provider, outcome, reason]),
      [
        ['metadata', 'error', 'address_refused'],
        ['redirecting', 'error', 'host_refused'],
      ],
    );
    assert.deepEqual([result.status, result.problem?.code], ['failed', 'search.providers_unavailable']);
    assert.match(vendor(1).requests[0]?.url ?? '', /vendor-secret/);
    const stored = await harness.rows(
      `select row_to_json(s)::text || row_to_json(p)::text as all from search.searches s, search.providers p
       where s.tenant_id = $1 and p.tenant_id = $1`,
      [tenantId],
    );
    assert.ok(!JSON.stringify([result, stored], bigints).includes(secret));
  });

  it('stops at budgets: of the search, of the day, of many searches together', async () => {
    const price = { perCall: 10_000n, perHit: 0n };
    const limits = {
      ratePerSecond: null,
      burst: 1,
      concurrency: null,
      budgetDay: 25_000n,
      budgetMonth: null,
    };
    await harness.provider(tenantId, { name: 'A', price, limits, config: vendorConfig(vendor(0)) });
    vendor(0).reply = () => someone;
    const poor = await harness.search(tenantId, 'phone', { phone }, { budget: 9_999n });
    assert.deepEqual(
      [poor.status, poor.trace[0]?.reason],
      ['over_budget', 'it could cost more than is left of the budget'],
    );

    const many = await harness.engine.searchMany(
      scopeOf(tenantId, { source: 'batch' }),
      [1, 2, 3].map((last) => requestOf('phone', { phone: `+44 7400 12345${last}` }, {}, `batch:x:${last}`)),
      never,
      10_000n,
    );
    assert.deepEqual(
      many.results.map(({ status }) => status),
      ['found', 'over_budget', 'over_budget'],
    );
    const second = await harness.search(tenantId, 'phone', { phone: '+44 7400 123458' });
    const third = await harness.search(tenantId, 'phone', { phone: '+44 7400 123459' });
    assert.deepEqual(
      [second.status, third.status, third.trace[0]?.reason],
      ['found', 'over_budget', "the provider's budget of the day is used up"],
    );
    assert.equal(vendor(0).requests.length, 2);
  });

  it('opens the circuit of a failing vendor, for other processes too, and closes it by a probe', async () => {
    await harness.provider(tenantId, {
      name: 'A',
      breaker: { failures: 2, cooldownMs: 1_500 },
      config: vendorConfig(vendor(0)),
    });
    vendor(0).reply = () => ({ status: 500 });
    const other = harness.process();
    const search = (last: number, engine = harness.engine) =>
      engine.search(scopeOf(tenantId), requestOf('phone', { phone: `+44 7400 1234${last}` }), never);
    const failing = [await search(10), await search(11), await search(12)];
    assert.deepEqual(
      failing.map(({ trace }) => [trace[0]?.outcome, trace[0]?.reason]),
      [
        ['error', 'status 500'],
        ['error', 'status 500'],
        ['skipped', 'its circuit is open after failures'],
      ],
    );
    assert.equal((await search(13, other.engine)).trace[0]?.outcome, 'skipped');
    const setRight = shiftClock(-3_600);
    const { retryLater } = await search(15, other.engine).finally(setRight);
    assert.ok(retryLater && retryLater.afterMs <= 1_500, 'it waits for as long as its own clock is slow');
    assert.equal(vendor(0).requests.length, 2);
    vendor(0).reply = () => someone;
    await until(async () => (await search(14)).status === 'found');
    assert.equal((await search(99, other.engine)).status, 'found');
  });

  it('neither asks nor bills again what is tried again', async () => {
    const price = { perCall: 10_000n, perHit: 20_000n };
    await harness.provider(tenantId, { name: 'A', price, config: vendorConfig(vendor(0)) });
    vendor(0).reply = (request) => ({
      body: {
        people: [{ ...mobile, phone: new URL(request.url, 'http://x').searchParams.get('phone') }],
        final: true,
      },
    });
    const scope = scopeOf(tenantId, { source: 'batch' });
    const requests = ['0', '1', '0'].map((last, row) =>
      requestOf('phone', { phone: `+44 7400 12345${last}` }, { useCache: false }, `batch:b:${row}`),
    );
    const first = await harness.engine.searchMany(scope, requests, never);
    const again = await harness.engine.searchMany(scope, requests, never);
    await harness.db.database.transaction('search', ({ sql }) =>
      harness.engine.recordEffects(sql, scope, again.effects),
    );
    assert.deepEqual(
      again.results.map(({ people }) => people),
      first.results.map(({ people }) => people),
    );
    assert.deepEqual(
      first.results.map(({ costMicros }) => costMicros),
      [30_000n, 30_000n, 0n],
    );
    assert.equal(vendor(0).requests.length, 2);
    assert.deepEqual(
      (await charges()).map(({ calls, amount }) => [calls, amount]),
      [
        [1, '30000'],
        [1, '30000'],
      ],
    );
    const [spent] = await harness.rows(
      'select day_micros::text as spent from search.provider_meters m join search.providers p on p.id = m.provider_id where tenant_id = $1',
      [tenantId],
    );
    assert.deepEqual(spent, { spent: '60000' });
    const [logged] = await harness.rows(
      'select count(*)::int as n, sum(cost_micros)::text as cost from search.searches where tenant_id = $1',
      [tenantId],
    );
    assert.deepEqual(logged, { n: 3, cost: '60000' });
  });

  it('fails what is tried again in a batch as it failed, without the vendor; a search of a person asks again', async () => {
    await harness.provider(tenantId, {
      name: 'A',
      breaker: { failures: 3, cooldownMs: 60_000 },
      config: vendorConfig(vendor(0)),
    });
    const failing = ['1', '4', '7'];
    vendor(0).reply = (request) =>
      failing.includes(request.url.at(-1) ?? '') ? { status: 500 } : { status: 404 };
    const requestsOf = (key: string) =>
      Array.from({ length: 9 }, (_, row) =>
        requestOf('phone', { phone: `+44 7400 12345${row}` }, { useCache: false }, `${key}:${row}`),
      );
    const outcomes = async (source: 'api' | 'batch', key: string) => {
      const all = await harness.engine.searchMany(scopeOf(tenantId, { source }), requestsOf(key), never);
      return all.results.map(({ trace }) => trace.find(({ provider }) => provider === 'A')?.outcome);
    };
    const first = await outcomes('batch', 'batch:b');
    assert.equal(first.filter((outcome) => outcome === 'error').length, 3);
    assert.deepEqual(await outcomes('batch', 'batch:b'), first);
    assert.equal(vendor(0).requests.length, 9);
    await outcomes('api', 'search:s');
    await outcomes('api', 'search:s');
    assert.equal(vendor(0).requests.length, 9 + 9 + 3);
  });

  it('logs a search that failed and was sent again as it ended', async () => {
    const price = { perCall: 10_000n, perHit: 0n };
    await harness.provider(tenantId, { name: 'A', price, config: vendorConfig(vendor(0)) });
    const scope = scopeOf(tenantId);
    const request = requestOf('phone', { phone: '+44 7400 123456' });
    vendor(0).reply = () => ({ status: 500 });
    assert.equal((await harness.engine.search(scope, request, never)).status, 'failed');
    vendor(0).reply = () => ({ status: 404 });
    for (let time = 0; time < 2; time += 1) await harness.engine.search(scope, request, never);
    const logged = await harness.rows(
      'select status, cost_micros::text as cost, problem from search.searches where tenant_id = $1',
      [tenantId],
    );
    assert.deepEqual(logged, [{ status: 'not_found', cost: '10000', problem: null }]);
  });

  it('keeps to a budget when many processes spend it at once', async () => {
    const limits = {
      ratePerSecond: null,
      burst: 1,
      concurrency: null,
      budgetDay: null,
      budgetMonth: 59_999n,
    };
    const price = { perCall: 10_000n, perHit: 0n };
    await harness.provider(tenantId, { name: 'A', price, limits, config: vendorConfig(vendor(0)) });
    vendor(0).reply = () => someone;
    const processes = [harness.process(), harness.process(), harness.process()];
    const results = await Promise.all(
      Array.from({ length: 24 }, (_, index) => {
        const engine = processes[index % 3]?.engine ?? assert.fail();
        return engine.search(
          scopeOf(tenantId),
          requestOf('phone', { phone: `+44 7400 1234${index + 10}` }),
          never,
        );
      }),
    );
    assert.equal(vendor(0).requests.length, 5);
    assert.equal(results.filter(({ status }) => status === 'found').length, 5);
    assert.equal(results.filter(({ status }) => status === 'over_budget').length, 19);
  });

  it('calls again, and reserves no more, where a process died between reserve and settle', async () => {
    const price = { perCall: 10_000n, perHit: 20_000n };
    const limits = {
      ratePerSecond: null,
      burst: 1,
      concurrency: null,
      budgetDay: 30_000n,
      budgetMonth: null,
    };
    const id = await harness.provider(tenantId, {
      name: 'A',
      price,
      limits,
      config: vendorConfig(vendor(0)),
    });
    const [tried, lost] = ['batch:d:1', 'batch:d:2'];
    const reserve = (key: string) =>
      harness.db.database.transaction('search', async ({ sql }) => {
        const setup = await new ProviderRepository(sql, tenantId).ensureSetup();
        const stored = setup.providers.find((one) => one.id === id) ?? assert.fail();
        const scope = { ...scopeOf(tenantId), currency: 'USD' };
        return await new LimitsRepository(sql).reserve(scope, stored, [`${key}:${id}`], uuidv7());
      });
    assert.equal((await reserve(tried)).reservations[0]?.state, 'granted');
    assert.equal((await reserve(lost)).reservations[0]?.state, 'refused');
    vendor(0).reply = () => someone;
    const { results } = await harness.engine.searchMany(
      scopeOf(tenantId, { source: 'batch' }),
      [requestOf('phone', { phone }, {}, tried)],
      never,
    );
    assert.deepEqual([results[0]?.status, vendor(0).requests.length], ['found', 1]);
    assert.deepEqual(
      (await charges()).map(({ state, calls, amount }) => [state, calls, amount]),
      [['settled', 2, '30000']],
    );
    assert.equal(vendor(0).requests[0]?.headers['idempotency-key'], `${tried}:${id}`);
  });

  it('says that it was broken off instead of failing rows, and tried again bills them once', async () => {
    const price = { perCall: 10_000n, perHit: 20_000n };
    await harness.provider(tenantId, { name: 'A', price, config: vendorConfig(vendor(0)) });
    const broken = new AbortController();
    vendor(0).reply = () => {
      broken.abort();
      return new Promise<never>(() => undefined);
    };
    const scope = scopeOf(tenantId, { source: 'batch' });
    const requests = [requestOf('phone', { phone }, {}, 'batch:broken:1')];
    await assert.rejects(harness.engine.searchMany(scope, requests, broken.signal), { name: 'AbortError' });
    vendor(0).reply = () => someone;
    const { results } = await harness.engine.searchMany(scope, requests, never);
    assert.equal(results[0]?.status, 'found');
    assert.deepEqual(
      (await charges()).map(({ state, calls, amount }) => [state, calls, amount]),
      [['settled', 2, '30000']],
    );
  });

  it('asks once what stands in two batches at the same time', async () => {
    await harness.provider(tenantId, { name: 'A', config: vendorConfig(vendor(0)) });
    vendor(0).reply = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return someone;
    };
    const answers = await Promise.all(
      [harness.process(), harness.process()].map(({ engine }, batch) =>
        engine.searchMany(
          scopeOf(tenantId, { source: 'batch' }),
          Array.from({ length: 40 }, (_, row) =>
            requestOf(
              'phone',
              { phone: `+44 7400 1234${row + batch * 20 + 10}` },
              {},
              `batch:${batch}:${row}`,
            ),
          ),
          never,
        ),
      ),
    );
    assert.ok(answers.every(({ results }) => results.every(({ status }) => status === 'found')));
    assert.equal(vendor(0).requests.length, 60);
  });

  it('keeps to the concurrency and the rate of a provider over processes', async () => {
    const limits = { ratePerSecond: 40, burst: 4, concurrency: 3, budgetDay: null, budgetMonth: null };
    await harness.provider(tenantId, { name: 'A', limits, config: vendorConfig(vendor(0)) });
    let underWay = 0;
    let most = 0;
    vendor(0).reply = async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay -= 1;
      return someone;
    };
    const scope = scopeOf(tenantId, { source: 'batch' });
    const processes = [harness.process(), harness.process()];
    const started = performance.now();
    await Promise.all(
      processes.map(({ engine }, process) =>
        engine.searchMany(
          scope,
          Array.from({ length: 15 }, (_, row) =>
            requestOf('phone', { phone: `+44 7400 12${process}4${row + 10}` }, {}, `batch:${process}:${row}`),
          ),
          never,
        ),
      ),
    );
    const seconds = (performance.now() - started) / 1_000;
    assert.equal(vendor(0).requests.length, 30);
    assert.ok(most <= 3, `${most} calls at once`);
    assert.ok(seconds >= (30 - 4) / 40 - 0.02, `30 calls in ${seconds} s`);
  });
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
