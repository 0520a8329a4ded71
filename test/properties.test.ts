import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe as documentOf } from '../api/openapi.ts';
import { createRoutes } from '../api/routes.ts';
import type { Route } from '../api/route.ts';
import { domains } from '../domain/domains.ts';
import { scopesOf } from '../domain/identity/roles.ts';
import type { Scope } from '../domain/identity/scopes.ts';
import { startTestApi, type ApiResponse, type Caller, type Tenant, type TestApi } from './support/api.ts';
import { fixtures } from './support/fixtures.ts';
import { requestsOf, type MadeRequest, type Operation } from './support/request-arbitrary.ts';

/** Requests of each route. `npm run test:fuzz` sends far more. */
const runs = Number(process.env['PROPERTY_RUNS'] ?? 8);

/** The same requests every time, so that a failure is a change's doing; another number tries others. */
const seed = Number(process.env['PROPERTY_SEED'] ?? 1);

/** Vendors that a request names can't be asked; that is told with this code. */
const outside = 'search.providers_unavailable';

/** What a caller must not learn: where our files lie, what the database said, what we are written in. */
const internals = /node_modules|\.ts:\d|at async |\bpg_|relation "|syntax error at|violates |ECONN|Zod/;

describe('every route, whatever it is asked', function () {
  this.timeout(600_000);
  let api: TestApi;
  let paths: Record<string, Record<string, Operation>>;
  let document: object;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains));
    const described = documentOf(api.routes, api.url) as unknown as { paths: typeof paths };
    ({ paths } = described);
    document = described;
  });
  after(() => api?.close());

  it('answers with what it has declared, and never with a 5xx', async () => {
    const failures: string[] = [];
    for (const route of api.routes) {
      const path = pathOf(route);
      const operation = paths[path]?.[route.method];
      assert.ok(operation, `${route.method} ${path} is not in the document`);
      const tenant = await api.tenant();
      const known = await knownParams(route, tenant);
      let caller = await callerOf(route, tenant);
      const property = fc.asyncProperty(requestsOf(path, operation, document, known), async (made) => {
        const answer = await send(route, made, caller);
        assertSafeHeaders(answer.headers);
        if (answer.status === 401) caller = await callerOf(route, await api.tenant());
        assert.ok(
          answer.status < 500 || answer.body.code === outside,
          `${answer.status} ${JSON.stringify(answer.body)}`,
        );
        if (answer.status < 400) return;
        assert.equal(answer.headers.get('content-type'), 'application/problem+json');
        assert.doesNotMatch(JSON.stringify(answer.body), internals);
      });
      await fc.assert(property, { numRuns: runs, seed, endOnFailure: true }).catch((error: Error) => {
        const reason = error.cause instanceof Error ? `${error.cause.message}\n` : '';
        failures.push(`${route.method} ${route.path}: ${reason}${error.message}`);
      });
    }
    assert.deepEqual(failures, []);
  });

  function callerOf(route: Route, tenant: Tenant): Promise<Caller | null> | Caller | null {
    if (route.access === 'public') return null;
    return scopesOf('owner').includes(route.access as Scope) ? tenant.owner : api.operator();
  }

  async function knownParams(route: Route, tenant: Tenant): Promise<Record<string, string> | null> {
    const fixture = fixtures[`${route.method} ${route.path}`];
    return fixture ? await fixture.params({ api, tenant, caller: tenant.owner }) : null;
  }

  async function send(route: Route, made: MadeRequest, caller: Caller | null): Promise<ApiResponse> {
    return await api.client.as(caller).send(route.method, made.target, bodyOf(made), {
      headers: made.headers,
      begin: true,
      signal: AbortSignal.timeout(60_000),
    });
  }
});

/** Whatever was asked, and whatever went wrong, a browser must be able to do nothing with it but show it. */
function assertSafeHeaders(headers: Headers): void {
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  for (const name of ['server', 'x-powered-by', 'set-cookie', 'access-control-allow-origin']) {
    assert.equal(headers.get(name), null, name);
  }
}

function pathOf(route: Route): string {
  return route.path.replaceAll(/[:*](\w+)/g, '{$1}');
}

function bodyOf({ body }: MadeRequest): FormData | string | undefined {
  if (!Array.isArray(body)) return body;
  const form = new FormData();
  for (const { name, value, fileName } of body) {
    if (fileName === undefined) form.append(name, value);
    else form.append(name, new Blob([value]), fileName);
  }
  return form;
}
