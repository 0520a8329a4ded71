import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { requestOf, scopeOf, searchHarness, type SearchHarness } from '../../test/support/search.ts';
import { until } from '../../test/support/until.ts';

const never = new AbortController().signal;
const people = [
  { given_name: 'Ada', surname: 'Lovelace', date_of_birth: '1815-12-10', phones: ['+44 20 7946 0958'] },
  { given_name: 'Grace', surname: 'Hopper', date_of_birth: '1906-12-09', emails: ['grace@navy.example'] },
  { given_name: 'Alan', surname: 'Turing', date_of_birth: '1912-06-23', city: 'London' },
];

describe('The search engine', () => {
  let harness: SearchHarness;
  let tenantId: string;
  before(async () => {
    harness = await searchHarness();
  });
  after(() => harness.close());
  beforeEach(() => {
    tenantId = uuidv7();
  });

  const logOf = (tenant: string) =>
    harness.rows<{ status: string; cached: boolean; source: string; query_hash: Buffer }>(
      'select status, cached, source, query_hash from search.searches where tenant_id = $1 order by id',
      [tenant],
    );

  it('gives a new tenant its records and facts, also when many search at once for the first time', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        harness.search(tenantId, 'phone', { phone: `+4420794609${index + 10}` }),
      ),
    );
    assert.ok(results.every(({ trace }) => trace.map(({ provider }) => provider).join() === 'records,phone'));
    const rows = await harness.rows('select name from search.providers where tenant_id = $1 order by place', [
      tenantId,
    ]);
    assert.deepEqual(rows, [{ name: 'records' }, { name: 'phone' }, { name: 'email' }]);
  });

  it('answers many questions of several kinds as it answers each, in their order, and writes nothing by itself', async () => {
    await harness.recordSet(tenantId, people);
    const requests = [
      requestOf('name', { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10' }, {}, 'batch:b:0'),
      requestOf('phone', { phone: '12' }, {}, 'batch:b:1'),
      requestOf('email', { email: 'grace@NAVY.example' }, {}, 'batch:b:2'),
      requestOf('name', { full_name: 'ada lovelace', date_of_birth: '10/12/1815' }, {}, 'batch:b:3'),
      requestOf('name', { full_name: 'Nobody Known' }, {}, 'batch:b:4'),
      requestOf('phone', { phone: '+442079460958' }, {}, 'batch:b:5'),
    ];
    const scope = scopeOf(tenantId, { source: 'batch' });
    const { results, effects } = await harness.engine.searchMany(scope, requests, never);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['found', 'invalid', 'found', 'found', 'not_found', 'found'],
    );
    assert.deepEqual([results[0]?.cached, results[3]?.cached], [false, true]);
    assert.deepEqual(results[3]?.people, results[0]?.people);
    assert.deepEqual(
      [results[1]?.problem?.code, results[1]?.problem?.issues?.[0]?.pointer],
      ['search.phone_invalid', '/phone'],
    );
    for (const [index, request] of requests.entries()) {
      const alone = await harness.engine.search(
        scopeOf(tenantId),
        { ...request, effectKey: `search:${uuidv7()}` },
        never,
      );
      assert.deepEqual(alone.people, results[index]?.people);
    }
    assert.ok((await logOf(tenantId)).every(({ source }) => source === 'api'));
    await assert.rejects(
      harness.db.database.transaction('search', async ({ sql }) => {
        await harness.engine.recordEffects(sql, scope, effects);
        throw new Error('the chunk fails');
      }),
    );
    assert.equal((await logOf(tenantId)).filter(({ source }) => source === 'batch').length, 0);
    await harness.db.database.transaction('search', ({ sql }) =>
      harness.engine.recordEffects(sql, scope, effects),
    );
    await harness.db.database.transaction('search', ({ sql }) =>
      harness.engine.recordEffects(sql, scope, effects),
    );
    assert.equal((await logOf(tenantId)).filter(({ source }) => source === 'batch').length, 6);
  });

  it('forgets cached answers when records or providers change', async () => {
    const question = { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10' };
    assert.equal((await harness.search(tenantId, 'name', question)).status, 'not_found');
    assert.equal((await harness.search(tenantId, 'name', question)).cached, true);
    await harness.recordSet(tenantId, people);
    const found = await harness.search(tenantId, 'name', question);
    assert.deepEqual([found.status, found.cached], ['found', false]);
    const fresh = await harness.search(tenantId, 'name', question, { useCache: false });
    assert.deepEqual([fresh.cached, fresh.people], [false, found.people]);
  });

  it('gives no process an answer from before a change that another has made, nor an old currency', async () => {
    await harness.recordSet(tenantId, people.slice(1));
    const [one, other] = [harness.process(), harness.process()];
    const ask = (at: typeof one, tenant = tenantId) =>
      at.engine.search(
        scopeOf(tenant),
        requestOf('name', { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10' }),
        never,
      );
    assert.equal((await ask(one)).cached, false);
    // Once by the settings that were read, and then by what is known of them, beside others and other tenants.
    for (let time = 0; time < 2; time += 1) assert.equal((await ask(other)).cached, true);
    const together = await Promise.all([ask(other), ask(other), ask(other, uuidv7())]);
    assert.deepEqual(
      together.map(({ cached }) => cached),
      [true, true, false],
    );
    assert.equal(new Set(together.map(({ searchId }) => searchId)).size, 3);
    await harness.rows(`update search.settings set currency = 'EUR' where tenant_id = $1`, [tenantId]);
    const { cached, currency } = await ask(other);
    assert.deepEqual([cached, currency], [true, 'EUR']);
    await harness.recordSet(tenantId, people.slice(0, 1));
    const found = await ask(other);
    assert.deepEqual([found.status, found.cached], ['found', false]);
    const next = await ask(one);
    assert.deepEqual([next.status, next.cached], ['found', true]);
    await harness.rows(`update search.cache_entries set fresh_until = now() where tenant_id = $1`, [
      tenantId,
    ]);
    assert.equal((await ask(one)).cached, false);
  });

  it('looks into the given record sets only, and never into those of another tenant', async () => {
    const [own, other] = [await harness.recordSet(tenantId, people), uuidv7()];
    const theirs = await harness.recordSet(other, [
      { given_name: 'Edsger', surname: 'Dijkstra', date_of_birth: '1930-05-11' },
    ]);
    const dijkstra = { full_name: 'Edsger Dijkstra', date_of_birth: '1930-05-11' };
    assert.equal((await harness.search(other, 'name', dijkstra)).status, 'found');
    assert.equal((await harness.search(tenantId, 'name', dijkstra)).status, 'not_found');
    assert.equal(
      (await harness.search(tenantId, 'name', dijkstra, { recordSetIds: [theirs] })).status,
      'not_found',
    );
    const ada = { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10' };
    assert.equal((await harness.search(tenantId, 'name', ada, { recordSetIds: [own] })).status, 'found');
    assert.equal(
      (await harness.search(tenantId, 'name', ada, { recordSetIds: [uuidv7()] })).status,
      'not_found',
    );
  });

  it('takes all who share a number for answers to who holds it', async () => {
    const phones = ['+44 20 7946 0958'];
    await harness.recordSet(tenantId, [
      ...people.slice(1),
      { given_name: 'Ada', surname: 'Lovelace', phones },
      { given_name: 'William', surname: 'King', phones },
    ]);
    const { people: holders, trace } = await harness.search(tenantId, 'phone', { phone: '+442079460958' });
    assert.deepEqual(holders.map(({ fields }) => fields.surname).toSorted(byText), ['King', 'Lovelace']);
    assert.equal(trace[0]?.reason, 'a validated answer');
  });

  it('shows unlikely candidates, and goes on past them', async () => {
    await harness.recordSet(tenantId, [{ surname: 'Иванов' }]);
    const { people: candidates, trace } = await harness.search(
      tenantId,
      'name',
      { surname: 'Иваноф' },
      { minScore: 0.01 },
    );
    assert.equal(candidates[0]?.fields.surname, 'Иванов');
    assert.equal(trace[0]?.reason, 'nobody in the records is likelier than not');
  });

  it('finishes and logs a search whose caller has gone away', async () => {
    await harness.recordSet(tenantId, people);
    const caller = new AbortController();
    const request = requestOf('name', { full_name: 'Ada Lovelace' });
    const search = harness.engine.search(scopeOf(tenantId), request, caller.signal);
    caller.abort();
    await assert.rejects(search, { name: 'AbortError' });
    await until(async () => (await logOf(tenantId)).length === 1);
  });

  it('logs a keyed hash of the question, the same for equal ones of a tenant only', async () => {
    const [other, question] = [uuidv7(), { phone: '+442079460958' }];
    for (const tenant of [tenantId, tenantId, other]) await harness.search(tenant, 'phone', question);
    const [first, second] = await logOf(tenantId);
    const [foreign] = await logOf(other);
    assert.deepEqual(first?.query_hash, second?.query_hash);
    assert.notDeepEqual(first?.query_hash, foreign?.query_hash);
    const events = await harness.rows<{ data: unknown }>(
      `select data from search.outbox where tenant_id = $1`,
      [tenantId],
    );
    assert.equal(events.length, 2);
    assert.ok(!JSON.stringify(events).includes('9460958'));
  });

  it('prices a search by what its providers could cost', async () => {
    await harness.provider(tenantId, {
      name: 'vendor',
      kind: 'records',
      price: { perCall: 1_000n, perHit: 2_000n },
      searchKinds: ['name'],
    });
    const price = await harness.engine.price(scopeOf(tenantId), 'name');
    assert.deepEqual([price.currency, price.maxMicros], ['USD', 3_000n]);
    assert.equal((await harness.engine.price(scopeOf(tenantId), 'phone')).maxMicros, 0n);
  });

  it('tells whether it may have to wait for somebody outside, or for its turn', async () => {
    const { engine } = harness;
    assert.equal(await engine.mayWait(scopeOf(tenantId), 'phone'), false);
    const limits = { ratePerSecond: 5, burst: 5, concurrency: null, budgetDay: null, budgetMonth: null };
    await harness.provider(tenantId, { name: 'limited', kind: 'phone', searchKinds: ['phone'], limits });
    assert.equal(await engine.mayWait(scopeOf(tenantId), 'phone'), true);
  });

  it('bills a provider of this process where the results are stored, and once', async () => {
    await harness.withoutDefaults(tenantId);
    const priced = { kind: 'records' as const, price: { perCall: 1_000n, perHit: 2_000n } };
    await harness.provider(tenantId, { name: 'records', ...priced });
    await harness.recordSet(tenantId, people);
    const scope = scopeOf(tenantId, { source: 'batch' });
    const requests = ['Ada Lovelace', 'Nobody Known'].map((name, row) =>
      requestOf('name', { full_name: name }, {}, `batch:c:${row}`),
    );
    const ledger = () =>
      harness.rows(
        'select state, amount_micros::text as amount from search.charges where tenant_id = $1 order by effect_key',
        [tenantId],
      );
    const first = await harness.engine.searchMany(scope, requests, never);
    assert.deepEqual(await ledger(), [
      { state: 'reserved', amount: '0' },
      { state: 'reserved', amount: '0' },
    ]);
    // The first attempt died before it stored anything.
    const again = await harness.engine.searchMany(
      scope,
      requests.map((request) => ({ ...request, options: { ...request.options, useCache: false } })),
      never,
    );
    for (const { effects } of [again, first]) {
      await harness.db.database.transaction('search', ({ sql }) =>
        harness.engine.recordEffects(sql, scope, effects),
      );
    }
    assert.deepEqual(await ledger(), [
      { state: 'settled', amount: '3000' },
      { state: 'settled', amount: '1000' },
    ]);
    const [spent] = await harness.rows(
      `select day_micros::text as day, month_micros::text as month from search.provider_meters
       where provider_id in (select id from search.providers where tenant_id = $1)`,
      [tenantId],
    );
    assert.deepEqual(spent, { day: '4000', month: '4000' });
  });
});

function byText(a: string | undefined, b: string | undefined): number {
  return (a ?? '') < (b ?? '') ? -1 : 1;
}
