import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { createRoutes } from '../api/routes.ts';
import type { Route } from '../api/route.ts';
import { domains } from '../domain/domains.ts';
import { roles, scopesOf, type Role } from '../domain/identity/roles.ts';
import type { Scope } from '../domain/identity/scopes.ts';
import type { ApiResponse } from './support/client.ts';
import { startTestApi, type Caller, type Tenant, type TestApi } from './support/api.ts';
import { fixtures, type Fixture, type FixtureContext } from './support/fixtures.ts';

/** Long enough for any answer; a stream of events that stays open has answered by then. */
const patience = 60_000;

describe('who may do what, for every route', function () {
  // A test here is thousands of requests.
  this.timeout(240_000);
  let api: TestApi;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains));
  });
  after(() => api?.close());

  const nameOf = (route: Route) => `${route.method} ${route.path}`;
  const isProtected = (route: Route): route is Route & { access: Scope } => route.access !== 'public';

  async function callersOf(tenant: Tenant): Promise<Record<Role, Caller>> {
    const { owner, admin, member, viewer } = tenant;
    return { owner, admin, member, viewer, operator: await api.operator() };
  }

  async function call(
    route: Route,
    caller: Caller | null,
    params: Record<string, string> = {},
    fixture?: Fixture,
    context?: FixtureContext,
  ): Promise<ApiResponse> {
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? uuidv7());
    const body = fixture?.body && context ? fixture.body(context) : undefined;
    return await api.client.as(caller).send(route.method, path, body, {
      ...(fixture?.headers ? { headers: fixture.headers } : {}),
      ...(fixture?.query ? { query: fixture.query } : {}),
      begin: true,
      signal: AbortSignal.timeout(patience),
    });
  }

  it('lets nobody in without a credential, or with a wrong one', async () => {
    for (const route of api.routes.filter(isProtected)) {
      for (const caller of [null, forged('Bearer pk_wrong'), forged('Bearer a.b.c'), forged('Basic YTpi')]) {
        const { status, headers, body } = await call(route, caller);
        assert.equal(status, 401, nameOf(route));
        assert.equal(body.code, 'identity.unauthenticated', nameOf(route));
        assert.equal(headers.get('www-authenticate'), 'Bearer', nameOf(route));
      }
    }
  });

  it('asks for no credential where a route is public', async () => {
    for (const route of api.routes.filter((one) => !isProtected(one))) {
      const { body } = await call(route, null);
      assert.notEqual(body?.code, 'identity.unauthenticated', nameOf(route));
      assert.notEqual(body?.code, 'identity.forbidden', nameOf(route));
    }
  });

  it('turns away every role that lacks the scope, and no role that holds it', async () => {
    const readers = await callersOf(await api.tenant());
    for (const route of api.routes.filter(isProtected)) {
      // Of its own where calls do what they say.
      const callers = route.method === 'get' ? readers : await callersOf(await api.tenant());
      for (const role of [...roles].sort((a, b) => Number(holds(a, route)) - Number(holds(b, route)))) {
        const { status, body } = await call(route, callers[role]);
        const refused = body?.code === 'identity.forbidden';
        assert.equal(refused, !holds(role, route), `${nameOf(route)} as ${role}: ${status}`);
        if (refused) assert.equal(status, 403);
        else assert.notEqual(status, 401, `${nameOf(route)} as ${role}`);
      }
    }
  });

  it('holds an API key to its scopes, whatever the role of its owner', async () => {
    const tenant = await api.tenant();
    for (const route of api.routes.filter(isProtected)) {
      const other: Scope = route.access === 'account:read' ? 'members:read' : 'account:read';
      const { status, body } = await call(route, await api.key(tenant.owner, [other]));
      assert.equal(status, 403, nameOf(route));
      assert.equal(body.code, 'identity.forbidden', nameOf(route));
    }
  });

  it('shows nobody that an object of another organisation exists', async () => {
    const missing: string[] = [];
    const stranger = (await api.tenant()).owner;
    for (const route of api.routes.filter(isProtected)) {
      if (!route.params) continue;
      const fixture = fixtures[nameOf(route)];
      if (!fixture) {
        missing.push(nameOf(route));
        continue;
      }
      if (fixture.global) continue;
      const tenant = await api.tenant();
      const context = { api, tenant, caller: tenant.owner };
      const params = await fixture.params(context);

      const foreign = await call(route, stranger, params, fixture, context);
      assert.equal(foreign.status, 404, `${nameOf(route)} as a stranger: ${JSON.stringify(foreign.body)}`);
      const nonsense = await call(route, stranger, {}, fixture, context);
      assert.deepEqual(withoutTrace(foreign.body), withoutTrace(nonsense.body), nameOf(route));

      const own = await call(route, tenant.owner, params, fixture, context);
      assert.ok(own.status < 400, `${nameOf(route)} as its owner: ${own.status} ${JSON.stringify(own.body)}`);
    }
    assert.deepEqual(missing, [], 'These routes need a fixture in test/support/fixtures.ts');
  });
});

function holds(role: Role, route: Route & { access: Scope }): boolean {
  const scopes = scopesOf(role);
  return scopes.includes(route.access) || (route.orAccess !== undefined && scopes.includes(route.orAccess));
}

function forged(authorization: string): Caller {
  return { tenantId: '', userId: '', role: 'owner', email: '', authorization };
}

function withoutTrace(body: Record<string, unknown>): object {
  return { ...body, trace_id: null };
}
