import assert from 'node:assert/strict';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { describe as documentOf } from '../api/openapi.ts';
import { createRoutes } from '../api/routes.ts';
import type { Route } from '../api/route.ts';
import { domains } from '../domain/domains.ts';
import { scopesOf } from '../domain/identity/roles.ts';
import type { Scope } from '../domain/identity/scopes.ts';
import { startTestApi, type Caller, type TestApi } from './support/api.ts';
import { privateHosts } from './support/private-addresses.ts';
import { valuesOf, type JsonSchema } from './support/schema-arbitrary.ts';

/** What a caller would like to decide and must not: whose something is, who may do what, what has happened. */
const coveted = {
  id: uuidv7(),
  tenant_id: uuidv7(),
  organisation_id: uuidv7(),
  user_id: uuidv7(),
  created_by: uuidv7(),
  role: 'owner',
  scopes: ['organisation:delete'],
  plan: 'development',
  is_admin: true,
  operator: true,
  email_verified: true,
  state: 'completed',
  version: 99,
  created_at: '2000-01-01T00:00:00Z',
  price: '0.00',
};

/** Bodies that take members they don't know: another one's protocol. Nothing of them is stored. */
const protocols = new Set(['post /v1/codec/decode', 'post /v1/codec/encode']);

describe('bodies that want too much', function () {
  this.timeout(180_000);
  let api: TestApi;
  let document: {
    paths: Record<
      string,
      Record<string, { requestBody?: { content: Record<string, { schema: JsonSchema }> } }>
    >;
  };
  let owner: Caller;
  let operator: Caller;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains));
    document = documentOf(api.routes, api.url) as unknown as typeof document;
    ({ owner } = await api.tenant());
    operator = await api.operator();
  });
  after(() => api?.close());

  const callerOf = ({ access }: Route): Caller | null =>
    access === 'public' ? null : scopesOf('owner').includes(access as Scope) ? owner : operator;
  const contentOf = ({ path, method }: Route) =>
    document.paths[path.replaceAll(/[:*](\w+)/g, '{$1}')]?.[method]?.requestBody?.content ?? {};
  const addressOf = ({ path }: Route) => path.replaceAll(/[:*](\w+)/g, () => uuidv7());

  it('get nowhere with members that are not theirs to set, on any route that takes JSON', async () => {
    let asked = 0;
    const taken: string[] = [];
    for (const route of api.routes) {
      const name = `${route.method} ${route.path}`;
      const { body } = route;
      const schema = contentOf(route)['application/json']?.schema;
      if (!body || !schema || protocols.has(name)) continue;
      const right = fc
        .sample(valuesOf(schema, document), { numRuns: 60, seed: 1 })
        .find((value) => typeof value === 'object' && value !== null && body.safeParse(value).success) as
        | object
        | undefined;
      assert.ok(right, `${name}: none of the made bodies is one that it takes`);
      for (const [member, value] of Object.entries(coveted)) {
        if (member in right) continue;
        const read = body.safeParse({ ...right, [member]: value });
        // Known here, and so the route's to judge; or refused.
        if (read.success && !declares(schema, member)) taken.push(`${name}: ${member}`);
      }
      const unknown = Object.fromEntries(
        Object.entries(coveted).filter(([member]) => !declares(schema, member)),
      );
      const answer = await api.client
        .as(callerOf(route))
        .send(route.method, addressOf(route), { ...right, ...unknown });
      assert.ok(
        [400, 404].includes(answer.status),
        `${name}: ${answer.status} ${JSON.stringify(answer.body)}`,
      );
      asked += 1;
    }
    assert.deepEqual(taken, []);
    assert.ok(asked > 25, `only ${asked} routes take JSON`);
  });

  it('get nowhere with fields of a form that are not theirs to set', async () => {
    let asked = 0;
    for (const route of api.routes) {
      if (!contentOf(route)['multipart/form-data'] || route.params) continue;
      for (const field of ['tenant_id', 'created_by', 'state', '__proto__', 'constructor']) {
        const form = new FormData();
        form.set(field, '"x"');
        form.set('kind', 'phone');
        form.set('file', new Blob(['phone\n+14155552671\n']), 'p.csv');
        const { status, body } = await api.client.as(owner).send(route.method, route.path, form);
        assert.deepEqual([status, body.code], [400, 'request.invalid'], `${route.path}: ${field}`);
        asked += 1;
      }
    }
    assert.ok(asked > 0);
  });

  it('have no address called that lies in our own network, in no notation, as a provider or as a webhook', async () => {
    const client = api.client.as(owner);
    let made = 0;
    const provider = (url: string) => ({
      kind: 'http',
      name: `vendor ${(made += 1)}`,
      http: { kinds: ['phone'], request: { url: `${url}?n={{phone.e164}}` }, answer: { people: '/people' } },
    });
    assert.equal(
      (await client.post('/v1/search-providers', provider('https://api.example.com/v1'))).status,
      201,
    );
    const upload = await client.post('/v1/uploads', { file_name: 'p.csv' });
    const batch = (url: string) => ({ upload_id: upload.body.id, kind: 'phone', webhook_url: url });
    for (const host of privateHosts) {
      for (const url of [`https://${host}/hook`, `https://${host}:8443/hook`]) {
        const refused = await client.post('/v1/search-providers', provider(url));
        assert.ok(
          [400, 422].includes(refused.status) && refused.body.issues[0].pointer === '/body/http/request/url',
          `provider at ${url}: ${JSON.stringify(refused.body)}`,
        );
        const { status, body } = await client.post('/v1/batches', batch(url));
        assert.ok(
          body.code === 'search.webhook_url' || body.issues?.[0].pointer === '/body/webhook_url',
          `webhook at ${url}: ${status} ${JSON.stringify(body)}`,
        );
      }
    }
  });

  function declares(schema: JsonSchema, member: string): boolean {
    if (schema.$ref) {
      const found = schema.$ref.slice(2).split('/');
      return declares(
        found.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document) as JsonSchema,
        member,
      );
    }
    return (
      member in (schema.properties ?? {}) ||
      [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].some((one) =>
        declares(one, member),
      )
    );
  }
});
