import assert from 'node:assert/strict';
import { exampleDocument } from '../api/designs/design.schemas.ts';
import { createRoutes } from '../api/routes.ts';
import { domains, type Domain } from '../domain/domains.ts';
import type { Json } from './support/json.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from './support/api.ts';
import { phonesCsv } from './support/batches.ts';
import { formOf } from './support/search-system.ts';

interface Secret {
  what: string;
  domain: Domain;
  /** Where the request goes, once what it needs is there. */
  path: () => Promise<string>;
  /** Made anew for each request, and always the same. */
  body: () => object;
  secretOf: (body: Json) => string;
}

describe('an answer that shows a secret', () => {
  let api: TestApi;
  let tenant: Tenant;
  let owner: ApiClient;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains));
    tenant = await api.tenant();
    owner = api.client.as(tenant.owner);
  });
  after(() => api?.close());

  const endpoint = { url: 'https://hooks.example.com/perdure' };
  const source = { kind: 'generic', name: 'A source', verifier: { scheme: 'standard_webhooks' } };
  const at = (path: string) => () => Promise.resolve(path);
  const made = async (path: string, body: object) => `${path}/${(await owner.post(path, body)).body.id}`;
  const ofEndpoint = { domain: 'webhooks', secretOf: ({ secret }: { secret: string }) => secret } as const;
  const secrets: Secret[] = [
    { ...ofEndpoint, what: 'a new endpoint', path: at('/v1/webhook-endpoints'), body: () => endpoint },
    {
      ...ofEndpoint,
      what: 'an endpoint with a new secret',
      path: async () => `${await made('/v1/webhook-endpoints', endpoint)}/rotate-secret`,
      body: () => ({ grace_seconds: 60 }),
    },
    { ...ofEndpoint, what: 'a new source', path: at('/v1/webhook-sources'), body: () => source },
    {
      ...ofEndpoint,
      what: 'a source with a new secret',
      path: async () => `${await made('/v1/webhook-sources', source)}/rotate-secret`,
      body: () => ({ grace_seconds: 60 }),
    },
    {
      what: 'a link to a design',
      domain: 'designs',
      path: async () => `${await made('/v1/designs', { name: 'A design', document: exampleDocument })}/links`,
      body: () => ({}),
      secretOf: ({ token }) => token,
    },
    {
      what: 'an API key',
      domain: 'identity',
      path: at('/v1/api-keys'),
      body: () => ({ name: 'A script' }),
      secretOf: ({ key }) => key,
    },
    {
      what: 'a batch with a webhook',
      domain: 'search',
      path: at('/v1/batches'),
      body: () => formOf(phonesCsv(1), 'people.csv', { kind: 'phone', webhook_url: endpoint.url }),
      secretOf: ({ webhook }) => webhook.secret,
    },
  ];

  for (const { what, domain, path, body, secretOf } of secrets) {
    it(`is given to whoever sends the request again, and stored sealed: ${what}`, async () => {
      const address = await path();
      const headers = { 'idempotency-key': `the key of ${what}` };
      const [first, second] = [
        await owner.post(address, body(), { headers }),
        await owner.post(address, body(), { headers }),
      ];
      assert.ok(first.status < 300, JSON.stringify(first.body));
      assert.deepEqual([second.status, second.body], [first.status, first.body]);
      assert.equal(second.headers.get('idempotency-replayed'), 'true');
      assert.equal(second.headers.get('location'), first.headers.get('location'));
      const secret = secretOf(first.body);
      assert.ok(secret.length >= 24, secret);
      const stored = await api.services.database.read(domain, ({ sql }) =>
        sql<{ body: string }>(`select body::text as body from ${domain}.commands where key = $1`, [
          headers['idempotency-key'],
        ]),
      );
      assert.equal(stored.length, 1);
      assert.match(stored[0]?.body ?? '', /^"v1\./);
      assert.ok(!stored[0]?.body.includes(secret.replace(/^(whsec|pk)_/, '')));
    });
  }

  it('makes one thing of a storm of equal requests', async () => {
    const headers = { 'idempotency-key': 'a storm' };
    const storm = await Promise.all(
      Array.from({ length: 10 }, () =>
        owner.post('/v1/webhook-endpoints', { ...endpoint, description: 'storm' }, { headers }),
      ),
    );
    assert.equal(new Set(storm.map(({ body }) => `${body.id} ${body.secret}`)).size, 1);
    const { body } = await owner.get('/v1/webhook-endpoints', { query: { limit: 100 } });
    const found = body.items.filter(({ description }: { description: string }) => description === 'storm');
    assert.equal(found.length, 1);
  });

  it('opens at no other command, nor for another caller', async () => {
    const headers = { 'idempotency-key': 'copied' };
    const first = await owner.post('/v1/webhook-endpoints', endpoint, { headers });
    const admin = api.client.as(tenant.admin);
    const other = await admin.post('/v1/webhook-endpoints', endpoint, { headers });
    assert.notEqual(other.body.id, first.body.id);
    await api.services.database.transaction('webhooks', ({ sql }) =>
      sql(
        `update webhooks.commands c set body = o.body from webhooks.commands o
         where c.key = 'copied' and o.key = 'copied' and c.scope like $1 and o.scope like $2`,
        [`%:${tenant.admin.userId}`, `%:${tenant.owner.userId}`],
      ),
    );
    const copied = await admin.post('/v1/webhook-endpoints', endpoint, { headers });
    assert.equal(copied.status, 500);
    assert.ok(!JSON.stringify(copied.body).includes(first.body.secret));
  });

  it('that shows an API key is given to a session alone', async () => {
    const headers = { 'idempotency-key': 'by a session' };
    const body = { name: 'Another script' };
    assert.equal((await owner.post('/v1/api-keys', body, { headers })).status, 201);
    const key = api.client.as(await api.key(tenant.owner));
    const refused = await key.post('/v1/api-keys', body, { headers });
    assert.deepEqual([refused.status, refused.body.code], [403, 'identity.session_required']);
  });
});
