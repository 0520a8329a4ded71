import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { settleAbandonedCharges } from '../../db/search/limits-upkeep.ts';
import { LimitsRepository } from '../../db/search/limits.repository.ts';
import { ProviderRepository } from '../../db/search/provider.repository.ts';
import {
  requestOf,
  scopeOf,
  searchHarness,
  vendorConfig,
  type SearchHarness,
} from '../../test/support/search.ts';
import { startVendor, type Vendor } from '../../test/support/vendor.ts';
import type { ManyAnswers, SearchRequest } from './contract.ts';

const never = new AbortController().signal;
const price = { perCall: 10_000n, perHit: 20_000n };
const someone = { body: { people: [{ name: 'Ada Lovelace', phone: '+44 7400 123456' }], final: true } };

describe('Work that was paid and lost before its results were stored', () => {
  let harness: SearchHarness;
  let vendor: Vendor;
  let tenantId: string;
  let providerId: string;
  before(async () => {
    vendor = await startVendor();
    harness = await searchHarness([vendor.host]);
  });
  after(async () => {
    await harness.close();
    await vendor.close();
  });
  beforeEach(async () => {
    tenantId = uuidv7();
    vendor.requests.length = 0;
    vendor.reply = () => someone;
    await harness.withoutDefaults(tenantId);
    providerId = await harness.provider(tenantId, { name: 'A', price, config: vendorConfig(vendor) });
  });

  const row = (number: number, batch = 'batch:lost'): SearchRequest =>
    requestOf('phone', { phone: `+44 7400 12345${number}` }, {}, `${batch}:${number}`);

  /** Another process asks; nobody stores what it hears. */
  const ask = async (
    requests: readonly SearchRequest[],
    budget: bigint | null = null,
  ): Promise<ManyAnswers> =>
    await harness
      .process()
      .engine.searchMany(scopeOf(tenantId, { source: 'batch' }), requests, never, budget);

  const store = async ({ effects }: ManyAnswers): Promise<void> =>
    await harness.db.database.transaction('search', ({ sql }) =>
      harness.engine.recordEffects(sql, scopeOf(tenantId, { source: 'batch' }), effects),
    );

  const ledger = async (): Promise<{ state: string; outcome: string | null; amount: string }[]> =>
    await harness.rows(
      `select state, outcome, amount_micros::text as amount from search.charges where tenant_id = $1 order by effect_key`,
      [tenantId],
    );

  const reserve = async (effectKey: string): Promise<void> => {
    await harness.db.database.transaction('search', async ({ sql }) => {
      const { providers } = await new ProviderRepository(sql, tenantId).ensureSetup();
      const stored = providers.find(({ id }) => id === providerId) ?? assert.fail('no provider');
      const scope = { ...scopeOf(tenantId), currency: 'USD' };
      await new LimitsRepository(sql).reserve(scope, stored, [`${effectKey}:${providerId}`], uuidv7());
    });
  };

  it('costs its row what was paid for it, though the answer is in the cache', async () => {
    const first = await ask([row(1), row(2)]);
    const again = await ask([row(1), row(2)]);
    const view = ({ results }: ManyAnswers) =>
      results.map(({ status, costMicros, cached, trace }) => ({
        status,
        costMicros,
        cached,
        steps: trace.map(({ provider, outcome, costMicros: cost }) => ({ provider, outcome, cost })),
      }));
    assert.deepEqual(view(again), view(first));
    assert.deepEqual(view(again)[0], {
      status: 'found',
      costMicros: 30_000n,
      cached: false,
      steps: [{ provider: 'A', outcome: 'hit', cost: '30000' }],
    });
    assert.equal(vendor.requests.length, 2);
    await store(again);
    const [logged] = await harness.rows(
      'select sum(cost_micros)::text as cost, count(*)::int as n from search.searches where tenant_id = $1',
      [tenantId],
    );
    assert.deepEqual(logged, { cost: '60000', n: 2 });
  });

  it('costs nothing the rows of others that are answered by it', async () => {
    await ask([row(1)]);
    const { results } = await ask([row(1, 'batch:other')]);
    assert.deepEqual(
      results.map(({ costMicros, cached }) => ({ costMicros, cached })),
      [{ costMicros: 0n, cached: true }],
    );
    assert.equal((await ledger()).length, 1);
  });

  it('leaves its place in a budget taken', async () => {
    await ask([row(1)]);
    const { results } = await ask([row(1), row(2)], 30_000n);
    assert.deepEqual(
      results.map(({ status, costMicros }) => ({ status, costMicros })),
      [
        { status: 'found', costMicros: 30_000n },
        { status: 'over_budget', costMicros: 0n },
      ],
    );
    assert.equal(vendor.requests.length, 1);
  });

  it('is not counted twice against a budget by a row that has waited, nor by one that is asked again', async () => {
    vendor.reply = () => ({ status: 404 });
    await ask([row(1)]);
    const waited = { ...row(1), paid: 10_000n };
    const { results } = await ask([waited, row(2)], 30_000n);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['not_found', 'not_found'],
    );
  });

  it('stays billed when it was lost amid the call, and an equal search has the answer', async () => {
    await reserve('batch:lost:1');
    await ask([row(1, 'batch:other')]);
    const answers = await ask([row(1)]);
    assert.deepEqual(
      answers.results.map(({ status, costMicros }) => ({ status, costMicros })),
      [{ status: 'found', costMicros: 30_000n }],
    );
    await store(answers);
    assert.deepEqual(await ledger(), [
      { state: 'settled', outcome: 'unknown', amount: '30000' },
      { state: 'settled', outcome: 'hit', amount: '30000' },
    ]);
    const again = await ask([row(1)]);
    assert.equal(again.results[0]?.costMicros, 30_000n);
  });

  const disable = async (): Promise<void> => {
    await harness.rows('update search.providers set enabled = false where id = $1', [providerId]);
    await harness.rows('update search.settings set generation = generation + 1 where tenant_id = $1', [
      tenantId,
    ]);
  };

  const view = ({ results }: ManyAnswers) =>
    results.map(({ status, costMicros }) => ({ status, costMicros }));

  it('costs its row what it cost also when the provider is no longer asked', async () => {
    vendor.reply = () => ({ status: 404 });
    await ask([row(1)]);
    await reserve('batch:lost:2');
    await disable();
    const answers = await ask([row(1), row(2), row(3)]);
    assert.deepEqual(view(answers), [
      { status: 'not_found', costMicros: 10_000n },
      { status: 'not_found', costMicros: 30_000n },
      { status: 'not_found', costMicros: 0n },
    ]);
    assert.deepEqual(await ledger(), [
      { state: 'settled', outcome: 'miss', amount: '10000' },
      { state: 'settled', outcome: 'unknown', amount: '30000' },
    ]);
  });

  it('costs its row what it cost also when the provider was deleted', async () => {
    vendor.reply = () => ({ status: 404 });
    const { engine } = harness.process();
    const scope = scopeOf(tenantId, { source: 'batch' });
    await engine.searchMany(scope, [row(1)], never);
    await reserve('batch:lost:2');
    await harness.db.database.transaction('search', async ({ sql }) => {
      const providers = new ProviderRepository(sql, tenantId);
      await providers.lockAndInvalidate();
      assert.ok(await providers.delete(providerId, 1));
    });
    await harness.provider(tenantId, { name: 'A', price, config: vendorConfig(vendor) });
    const answers = await engine.searchMany(scope, [row(1), row(2)], never);
    assert.deepEqual(view(answers), [
      { status: 'not_found', costMicros: 20_000n },
      { status: 'not_found', costMicros: 40_000n },
    ]);
    assert.deepEqual((await ledger()).map(({ amount }) => amount).toSorted(), [
      '10000',
      '10000',
      '10000',
      '30000',
    ]);
  });

  it('does not pay for another provider', async () => {
    vendor.reply = () => ({ status: 404 });
    await ask([row(1)]);
    await disable();
    await harness.provider(tenantId, { name: 'B', price, config: vendorConfig(vendor) });
    const answers = await ask([row(1)], 30_000n);
    assert.deepEqual(view(answers), [{ status: 'over_budget', costMicros: 10_000n }]);
    assert.equal(vendor.requests.length, 1);
  });

  it('leaves the place of a call whose end is unknown taken in a budget', async () => {
    await reserve('batch:lost:1');
    await ask([row(1, 'batch:other')]);
    const answers = await ask([row(1), row(2)], 30_000n);
    assert.deepEqual(view(answers), [
      { status: 'found', costMicros: 30_000n },
      { status: 'over_budget', costMicros: 0n },
    ]);
    assert.equal(vendor.requests.length, 1);
  });

  it('costs what the ledger says when its call was closed and is made again', async () => {
    vendor.reply = () => ({ status: 404 });
    await reserve('batch:lost:1');
    const paid = await harness.engine.paid(scopeOf(tenantId), ['batch:lost:1'], true);
    assert.equal(paid.get('batch:lost:1'), 30_000n);
    const answers = await ask([row(1), row(2)], 40_000n);
    assert.deepEqual(view(answers), [
      { status: 'not_found', costMicros: 30_000n },
      { status: 'over_budget', costMicros: 0n },
    ]);
    assert.deepEqual(
      answers.results[0]?.trace.map(({ costMicros }) => costMicros),
      ['30000'],
    );
    assert.deepEqual(await ledger(), [{ state: 'settled', outcome: 'unknown', amount: '30000' }]);
  });

  it('pays and closes nothing once others have taken it over', async () => {
    const fence = (): Promise<void> => Promise.reject(new Error('taken over'));
    const scope = scopeOf(tenantId, { source: 'batch', fence });
    await assert.rejects(harness.engine.searchMany(scope, [row(1)], never), /taken over/);
    assert.deepEqual(await ledger(), []);
    await reserve('batch:lost:1');
    await ask([row(1, 'batch:other')]);
    await assert.rejects(harness.engine.searchMany(scope, [row(1)], never), /taken over/);
    await assert.rejects(harness.engine.paid(scope, ['batch:lost:1'], true), /taken over/);
    assert.deepEqual(
      (await ledger()).map(({ state }) => state),
      ['reserved', 'settled'],
    );
    assert.equal(vendor.requests.length, 1);
  });

  it('is billed by a provider of this process as its answer says', async () => {
    await harness.withoutDefaults(tenantId);
    providerId = await harness.provider(tenantId, { name: 'records', kind: 'records', price });
    await ask([row(1)]);
    assert.deepEqual(await ledger(), [{ state: 'reserved', outcome: null, amount: '0' }]);
    const again = await ask([row(1)]);
    assert.deepEqual([again.results[0]?.status, again.results[0]?.costMicros], ['not_found', 10_000n]);
    await store(again);
    assert.deepEqual(await ledger(), [{ state: 'settled', outcome: 'miss', amount: '10000' }]);
  });

  it('is found again by whoever sends a search again under its key', async () => {
    const request = { ...requestOf('phone', { phone: '+44 7400 123451' }), mayRepeat: true };
    const search = async (one: SearchRequest) =>
      await harness.process().engine.search(scopeOf(tenantId), one, never);
    await search(request);
    await harness.rows('delete from search.searches where tenant_id = $1', [tenantId]);
    const again = await search(request);
    assert.deepEqual([again.costMicros, again.cached], [30_000n, false]);
    // Also once the process knows the tenant's settings.
    const { engine } = harness.process();
    for (let time = 0; time < 2; time += 1) {
      const { costMicros } = await engine.search(scopeOf(tenantId), request, never);
      assert.equal(costMicros, 30_000n);
    }
    const other = await search(requestOf('phone', { phone: '+44 7400 123451' }));
    assert.deepEqual([other.costMicros, other.cached], [0n, true]);
    assert.equal(vendor.requests.length, 1);
  });

  it('is closed when nobody tries it again: billed as reserved by a vendor, and free by a provider of our own', async () => {
    await reserve('batch:lost:1');
    providerId = await harness.provider(tenantId, { name: 'records', kind: 'records', price });
    await reserve('batch:lost:2');
    await harness.rows(
      `update search.charges set created_at = now() - interval '2 days' where tenant_id = $1`,
      [tenantId],
    );
    await reserve('batch:lost:3');
    const closed = await harness.db.database.read('search', ({ sql }) => settleAbandonedCharges(sql, 24));
    assert.equal(closed, 2);
    assert.deepEqual(await ledger(), [
      { state: 'settled', outcome: 'unknown', amount: '30000' },
      { state: 'released', outcome: 'throttled', amount: '0' },
      { state: 'reserved', outcome: null, amount: '0' },
    ]);
  });
});
