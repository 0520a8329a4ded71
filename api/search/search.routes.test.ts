import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { v7 as uuidv7 } from 'uuid';
import { PersonRepository } from '../../db/search/person.repository.ts';
import { invalidateSearchCache } from '../../db/search/provider.repository.ts';
import { markStatisticsDue, recountDay, listStatisticsDue } from '../../db/search/statistics.repository.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { openSearchEngine } from '../../services/search/open.ts';
import type { RunningSearchEngine } from '../../services/search/engine.ts';
import { startVendor, type Vendor } from '../../test/support/vendor.ts';
import { createSearchRoutes } from './routes.ts';

describe('The search API', () => {
  let api: TestApi;
  let engine: RunningSearchEngine;
  let vendor: Vendor;
  let tenant: Tenant;
  let owner: ApiClient;
  let member: ApiClient;
  before(async () => {
    vendor = await startVendor();
    api = await startTestApi(
      (services) => {
        engine = openSearchEngine(services);
        return createSearchRoutes(services, engine);
      },
      { env: { OUTBOUND_ALLOW_PRIVATE: vendor.host } },
    );
  });
  after(async () => {
    await engine.close();
    await api.close();
    await vendor.close();
  });
  beforeEach(async () => {
    vendor.requests.length = 0;
    vendor.reply = () => ({ status: 404 });
    tenant = await api.tenant();
    [owner, member] = [api.client.as(tenant.owner), api.client.as(tenant.member)];
  });

  const recordSet = async (tenantId: string): Promise<string> => {
    const recordSetId = uuidv7();
    await api.services.database.transaction('search', async ({ sql }) => {
      await sql('insert into search.record_sets (id, tenant_id, name) values ($1, $2, $3)', [
        recordSetId,
        tenantId,
        recordSetId,
      ]);
      await new PersonRepository(sql).insert({
        tenantId,
        recordSetId,
        persons: [
          { fields: { given_name: 'Ada', surname: 'Lovelace', date_of_birth: '1815-12-10', city: 'London' } },
          { fields: { given_name: 'Grace', surname: 'Hopper', emails: ['Grace.Hopper@gmail.com'] } },
        ],
      });
      await invalidateSearchCache(sql, tenantId);
    });
    return recordSetId;
  };
  const vendorProvider = (changes: Record<string, unknown> = {}) => ({
    kind: 'http',
    name: 'vendor',
    cost_per_call: '0.01',
    cost_per_hit: '0.05',
    http: {
      kinds: ['phone', 'email'],
      request: {
        url: `${vendor.origin}/v1/people?phone={{phone.e164}}`,
        headers: { authorization: 'Bearer {{secret.api_key}}', 'idempotency-key': '{{call.key}}' },
      },
      answer: { people: '/people', fields: { full_name: '/name' }, score: { pointer: '/score' } },
      validated: [{ pointer: '/final', equals: true }],
    },
    secrets: { api_key: 'vendor-secret-123' },
    ...changes,
  });

  it('finds people of the own records, with evidence and the trace, and keeps no value in the log', async () => {
    await recordSet(tenant.id);
    const { status, body } = await member.post('/v1/search/name', {
      full_name: 'Ada Lovelace',
      date_of_birth: '1815-12-10',
    });
    assert.deepEqual(
      [status, body.status, body.cached, body.cost],
      [200, 'found', false, { amount: '0.00', currency: 'USD' }],
    );
    assert.equal(body.people[0].fields.city, 'London');
    assert.ok(body.people[0].matched_on.includes('surname') && body.people[0].evidence.length > 0);
    assert.deepEqual(
      body.trace.map((step: { provider: string }) => step.provider),
      ['records'],
    );
    const again = await member.post('/v1/search/name', {
      full_name: 'ada LOVELACE',
      date_of_birth: '10/12/1815',
    });
    assert.equal(again.body.cached, true);
    assert.deepEqual(again.body.people, body.people);

    const logged = await member.get(`/v1/searches/${body.search_id}`);
    assert.equal(logged.status, 200);
    assert.deepEqual(
      logged.body.people.map((person: { person_id: string }) => person.person_id),
      [body.people[0].person_id],
    );
    assert.ok(!JSON.stringify(logged.body).includes('Lovelace'));
    const page = await member.get('/v1/searches', { query: { limit: 1 } });
    assert.equal(page.body.items[0].search_id, again.body.search_id);
    const next = await member.get('/v1/searches', { query: { limit: 1, cursor: page.body.next_cursor } });
    assert.deepEqual([next.body.items[0].search_id, next.body.next_cursor], [body.search_id, null]);
  });

  it('gives facts about numbers and addresses, and says that nobody was found', async () => {
    const phone = await member.post('/v1/search/phone', { phone: '+1 (415) 555-2671' });
    assert.deepEqual([phone.status, phone.body.status], [200, 'not_found']);
    const facts = phone.body.facts.phone.phones[0];
    assert.deepEqual(
      [facts.e164, facts.type, facts.location, facts.time_zones, facts.original_carrier],
      ['+14155552671', 'FIXED_LINE_OR_MOBILE', 'San Francisco, CA', ['America/Los_Angeles'], null],
    );
    const email = await member.post('/v1/search/email', { email: 'sales@mailinator.com' });
    assert.deepEqual(
      [
        email.body.facts.email.emails[0].disposable,
        email.body.facts.email.emails[0].role,
        email.body.query.emails[0].raw,
      ],
      [true, true, 'sales@mailinator.com'],
    );
  });

  it('finds a mailbox however it is written, and fuses all fields of a comprehensive search', async () => {
    await recordSet(tenant.id);
    const email = await member.post('/v1/search/email', { email: 'gracehopper+navy@googlemail.com' });
    assert.equal(email.body.people[0]?.fields.surname, 'Hopper');
    const all = await member.post('/v1/search/comprehensive', {
      given_name: 'Grace',
      surname: 'Hoper',
      email: 'grace.hopper@gmail.com',
    });
    assert.equal(all.body.status, 'found');
    assert.ok(all.body.people[0].probability > email.body.people[0].probability);
  });

  it('answers a bad question with every issue at its place', async () => {
    const cases: [string, unknown, number, string, string[]][] = [
      ['phone', { phone: '12' }, 422, 'search.phone_invalid', ['/body/phone']],
      ['email', { emails: ['a@b.example', 'nobody'] }, 422, 'search.email_invalid', ['/body/emails/1']],
      [
        'name',
        { surname: 'x', date_of_birth: 'someday' },
        422,
        'search.query_invalid',
        ['/body/date_of_birth'],
      ],
      ['name', { surname: 'x', phone: '+14155552671' }, 400, 'request.invalid', ['/body']],
      [
        'name',
        { surname: 'x', min_score: 2, budget: '-1' },
        400,
        'request.invalid',
        ['/body/budget', '/body/min_score'],
      ],
      [
        'name',
        { surname: 'x', required_fields: ['shoe_size'] },
        400,
        'request.invalid',
        ['/body/required_fields/0'],
      ],
      [
        'name',
        { surname: 'x', record_set_ids: [uuidv7()] },
        404,
        'search.record_set_not_found',
        ['/body/record_set_ids/0'],
      ],
    ];
    for (const [kind, question, status, code, pointers] of cases) {
      const answer = await member.post(`/v1/search/${kind}`, question);
      const found = (answer.body.issues as { pointer: string }[]).map(({ pointer }) => pointer);
      assert.deepEqual(
        [answer.status, answer.body.code, found.toSorted((a, b) => (a < b ? -1 : 1))],
        [status, code, pointers],
      );
    }
    const empty = await member.post('/v1/search/address', {});
    assert.equal(empty.status, 422);
    const strangers = await recordSet((await api.tenant()).id);
    assert.equal(
      (await member.post('/v1/search/name', { surname: 'x', record_set_ids: [strangers] })).status,
      404,
    );
  });

  it('tells the price without asking anybody', async () => {
    await owner.post('/v1/search-providers', vendorProvider());
    const { body } = await member.post('/v1/search/phone', { phone: '+14155552671', dry_run: true });
    assert.deepEqual([body.status, body.highest_cost], ['dry_run', { amount: '0.06', currency: 'USD' }]);
    assert.deepEqual(body.providers.at(-1), { provider: 'vendor', highest_cost: '0.06' });
    assert.equal(vendor.requests.length, 0);
    const bad = await member.post('/v1/search/phone', { phone: 'x', dry_run: true });
    assert.deepEqual([bad.status, bad.body.issues[0].pointer], [422, '/body/phone']);
  });

  it('asks and bills a vendor once for a request that is sent again', async () => {
    await owner.post('/v1/search-providers', vendorProvider());
    vendor.reply = () => ({ body: { people: [{ name: 'Ada Lovelace', score: 0.9 }], final: true } });
    const send = (phone: string) =>
      member.post('/v1/search/phone', { phone }, { headers: { 'Idempotency-Key': 'once' } });
    const [first, second] = [await send('+14155552671'), await send('+14155552671')];
    assert.deepEqual([first.status, first.body.cost.amount, vendor.requests.length], [200, '0.06', 1]);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    assert.equal((await send('+14155552672')).status, 422);
  });

  it('answers 503 when nobody was found and a provider failed: somebody may be there', async () => {
    await owner.post('/v1/search-providers', vendorProvider());
    vendor.reply = () => ({ status: 500 });
    const { status, body, headers } = await member.post('/v1/search/phone', { phone: '+14155552671' });
    assert.deepEqual(
      [status, body.code, headers.get('retry-after')],
      [503, 'search.providers_unavailable', '2'],
    );
    assert.equal(body.trace.at(-1).reason, 'status 500');
    assert.ok(!JSON.stringify(body).includes('vendor-secret'));
  });

  it('counts searches for who may read them', async () => {
    await recordSet(tenant.id);
    for (const name of ['Ada Lovelace', 'Ada Lovelace', 'Xu Qing'])
      await member.post('/v1/search/name', { full_name: name });
    const today = new Date().toISOString().slice(0, 10);
    const pending = await owner.get('/v1/search-statistics', { query: { group_by: 'kind' } });
    assert.deepEqual(pending.body.items, []);
    await api.services.database.transaction('search', async ({ sql }) => {
      await markStatisticsDue(sql, [{ tenantId: tenant.id, day: today }]);
    });
    assert.deepEqual((await owner.get('/v1/search-statistics')).body.pending_days, [today]);
    await api.services.database.transaction('search', async ({ sql }) => {
      for (const due of await listStatisticsDue(sql, 10)) await recountDay(sql, due);
    });
    const { body } = await owner.get('/v1/search-statistics', { query: { group_by: 'day,user,kind' } });
    assert.equal(body.items.length, 1);
    const { p50_milliseconds: p50, p95_milliseconds: p95, ...figures } = body.items[0];
    assert.ok(p50 > 0 && p95 >= p50);
    assert.deepEqual(figures, {
      day: today,
      user_id: tenant.member.userId,
      kind: 'name',
      asked: 3,
      hits: 2,
      misses: 1,
      errors: 0,
      others: 0,
      cached: 1,
      cache_rate: 1 / 3,
      cost: '0.00',
    });
    const calls = await owner.get('/v1/search-statistics', { query: { group_by: 'provider' } });
    assert.deepEqual([calls.body.items[0].provider, calls.body.items[0].asked], ['records', 2]);
    for (const query of [
      { from: '2026-01-02', to: '2026-01-01' },
      { from: '2020-01-01' },
      { from: '0000-01-01', to: '0000-01-02' },
      { group_by: 'moon' },
    ]) {
      assert.equal(
        (await owner.get('/v1/search-statistics', { query: query as Record<string, string> })).status,
        400,
      );
    }
  });

  it('takes moments for what the log is filtered by, and nothing that may pass for one', async () => {
    const statusOf = async (query: Record<string, string>) =>
      (await owner.get('/v1/searches', { query })).status;
    assert.equal(await statusOf({ from: '2026-01-01T00:00:00+02:00', to: '9999-12-31T23:59:59Z' }), 200);
    assert.equal(await statusOf({ from: '0000-01-01T00:00:00Z' }), 200);
    for (const to of ['0.5', '1', '2026', 'tomorrow', '2026-01-01', '+275760-09-14T00:00:00Z']) {
      assert.equal(await statusOf({ to }), 400, to);
    }
  });

  it('shows nothing of another organisation', async () => {
    const { body } = await member.post('/v1/search/name', { surname: 'Lovelace' });
    const stranger = api.client.as((await api.tenant()).owner);
    assert.equal((await stranger.get(`/v1/searches/${body.search_id}`)).status, 404);
    assert.deepEqual((await stranger.get('/v1/searches')).body.items, []);
    assert.equal((await api.client.as(tenant.viewer).post('/v1/search/name', { surname: 'x' })).status, 403);
  });

  describe('providers', () => {
    const defaults = ['records', 'phone', 'email'];

    it('are there from the start, and change in order, state and settings', async () => {
      const { body } = await owner.get('/v1/search-providers');
      assert.deepEqual(
        body.items.map(({ name }: { name: string }) => name),
        defaults,
      );
      const made = await owner.post('/v1/search-providers', vendorProvider());
      assert.equal(made.status, 201);
      assert.deepEqual(
        [made.body.position, made.body.secrets, made.body.currency, made.headers.get('location')],
        [3, { api_key: 'set' }, 'USD', `/v1/search-providers/${made.body.id}`],
      );
      assert.ok(!JSON.stringify(made.body).includes('vendor-secret-123'));
      const ids = [...body.items.map(({ id }: { id: string }) => id), made.body.id];
      const order = await owner.put('/v1/search-providers/order', { ids: ids.toReversed() });
      assert.deepEqual(
        order.body.items.map(({ name }: { name: string }) => name),
        ['vendor', 'email', 'phone', 'records'],
      );
      const incomplete = await owner.put('/v1/search-providers/order', { ids: ids.slice(1) });
      assert.deepEqual([incomplete.status, incomplete.body.code], [422, 'search.provider_order_incomplete']);

      const path = `/v1/search-providers/${made.body.id}`;
      const read = await owner.get(path);
      const stale = await owner.patch(
        path,
        { enabled: false },
        { headers: { 'If-Match': made.headers.get('etag') ?? '' } },
      );
      assert.deepEqual([stale.status, stale.body.code], [412, 'request.precondition_failed']);
      const headers = { 'If-Match': read.headers.get('etag') ?? '' };
      const changed = await owner.patch(
        path,
        { enabled: false, budget_per_day: '12.5', concurrency: 3 },
        { headers },
      );
      assert.deepEqual(
        [
          changed.body.enabled,
          changed.body.budget_per_day,
          changed.body.concurrency,
          changed.body.cost_per_hit,
        ],
        [false, '12.50', 3, '0.05'],
      );
      const searched = await member.post('/v1/search/phone', { phone: '+14155552671' });
      assert.deepEqual([searched.status, vendor.requests.length], [200, 0]);
      assert.equal((await owner.delete(path)).status, 204);
      assert.equal((await owner.get(path)).status, 404);
    });

    it('name what is wrong with a configuration, each at its place', async () => {
      const pointersOf = async (change: Record<string, unknown>): Promise<[number, string[]]> => {
        const { status, body } = await owner.post('/v1/search-providers', vendorProvider(change));
        return [status, (body.issues as { pointer: string }[]).map(({ pointer }) => pointer)];
      };
      const { http } = vendorProvider();
      const request = (change: Record<string, unknown>) => ({
        http: { ...http, request: { ...http.request, ...change } },
      });
      assert.deepEqual(await pointersOf({ http: undefined }), [400, ['/body/http']]);
      assert.deepEqual(await pointersOf({ kind: 'records', secrets: {} }), [400, ['/body/http']]);
      assert.deepEqual(await pointersOf(request({ url: 'https://x.example/{{nonsense}}' })), [
        400,
        ['/body/http/request/url'],
      ]);
      assert.deepEqual(await pointersOf(request({ url: 'http://169.254.169.254/latest' })), [
        422,
        ['/body/http/request/url'],
      ]);
      assert.deepEqual(await pointersOf({ secrets: {} }), [422, ['/body/secrets/api_key']]);
      assert.deepEqual(await pointersOf({ name: 'Records' }), [409, ['/body/name']]);
      assert.deepEqual(await pointersOf({ cost_per_call: '1e3' }), [400, ['/body/cost_per_call']]);
    });

    it('are configured as the manual shows', async () => {
      const manual = await readFile(new URL('../../docs/search.md', import.meta.url), 'utf8');
      const example = /`POST \/v1\/search-providers` with\s+```json\n(.*?)```/s.exec(manual)?.[1] ?? '';
      const { status, body } = await owner.post('/v1/search-providers', JSON.parse(example) as unknown);
      assert.deepEqual(
        [status, body.secrets, body.search_kinds],
        [201, { api_key: 'set' }, ['phone', 'comprehensive']],
      );
    });

    it('can be tested, also while disabled, and show their health', async () => {
      const made = await owner.post('/v1/search-providers', vendorProvider({ enabled: false }));
      const path = `/v1/search-providers/${made.body.id}`;
      vendor.reply = () => ({ body: { people: [{ name: 'Ada Lovelace', score: 0.9 }], final: true } });
      const test = await owner.post(`${path}/test`, { kind: 'phone', phone: '+14155552671' });
      assert.deepEqual(
        [test.body.step.outcome, test.body.step.cost, test.body.people[0].fields.full_name],
        ['hit', '0.06', 'Ada Lovelace'],
      );
      assert.equal(vendor.requests[0]?.headers.authorization, 'Bearer vendor-secret-123');
      const bad = await owner.post(`${path}/test`, { kind: 'phone', phone: 'x' });
      assert.deepEqual([bad.status, bad.body.issues[0].pointer], [422, '/body/phone']);
      const healthy = async () => (await owner.get(`${path}/health`)).body;
      while ((await healthy()).calls === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      const { calls, hits, error_rate: errorRate, breaker, spent, last_success_at: last } = await healthy();
      assert.deepEqual(
        [calls, hits, errorRate, breaker, spent],
        [
          1,
          1,
          0,
          { state: 'closed', open_until: null },
          { today: '0.06', this_month: '0.06', currency: 'USD' },
        ],
      );
      assert.ok(Date.parse(last) > Date.now() - 60_000);
    });

    it('keep their secrets when other things change, and forget one that is set to null', async () => {
      const made = await owner.post('/v1/search-providers', vendorProvider());
      const path = `/v1/search-providers/${made.body.id}`;
      assert.equal((await owner.patch(path, { name: 'renamed' })).body.secrets.api_key, 'set');
      await owner.post(`${path}/test`, { kind: 'phone', phone: '+14155552671' });
      assert.equal(vendor.requests[0]?.headers.authorization, 'Bearer vendor-secret-123');
      const without = await owner.patch(path, { secrets: { api_key: null } });
      assert.deepEqual([without.status, without.body.issues[0].pointer], [422, '/body/secrets/api_key']);
      await owner.patch(path, { secrets: { api_key: 'another-secret' } });
      await owner.post(`${path}/test`, { kind: 'phone', phone: '+14155552671' });
      assert.equal(vendor.requests[1]?.headers.authorization, 'Bearer another-secret');
    });

    it('belong to their organisation alone', async () => {
      const made = await owner.post('/v1/search-providers', vendorProvider());
      const path = `/v1/search-providers/${made.body.id}`;
      const stranger = api.client.as((await api.tenant()).owner);
      assert.equal((await stranger.get(path)).status, 404);
      assert.equal((await stranger.get(`${path}/health`)).status, 404);
      assert.equal((await stranger.patch(path, { enabled: false })).status, 404);
      assert.equal((await stranger.delete(path)).status, 404);
      assert.equal(
        (await stranger.post(`${path}/test`, { kind: 'phone', phone: '+14155552671' })).status,
        404,
      );
      assert.equal((await stranger.put('/v1/search-providers/order', { ids: [made.body.id] })).status, 404);
      assert.equal((await member.patch(path, { enabled: false })).status, 403);
      assert.equal((await owner.get(path)).body.enabled, true);
      assert.equal(vendor.requests.length, 0);
    });

    it('share one currency, which stays once something was billed', async () => {
      const settings = await owner.get('/v1/search-settings');
      assert.deepEqual(settings.body, { currency: 'USD', cache_ttl_seconds: 3_600 });
      const changed = await owner.patch('/v1/search-settings', { currency: 'EUR', cache_ttl_seconds: 60 });
      assert.deepEqual(changed.body, { currency: 'EUR', cache_ttl_seconds: 60 });
      await owner.post('/v1/search-providers', vendorProvider());
      await member.post('/v1/search/phone', { phone: '+14155552671' });
      const refused = await owner.patch('/v1/search-settings', { currency: 'GBP' });
      assert.deepEqual([refused.status, refused.body.code], [409, 'search.currency_in_use']);
    });
  });
});
