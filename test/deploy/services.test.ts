import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { phonesCsv } from '../support/batches.ts';
import { readText } from '../support/compose-file.ts';
import { startComposeSystem, type ComposeSystem } from '../support/compose-system.ts';
import { findNginx } from '../support/nginx.ts';
import { metricNamesIn, scrapedNames } from '../support/metric-names.ts';
import { tokenIn } from '../support/mailbox.ts';
import { SocketClient } from '../support/socket-client.ts';
import { until } from '../support/until.ts';

const apis = [
  'api-identity',
  'api-search',
  'api-webhooks',
  'api-orders',
  'api-designs',
  'api-notifications',
  'api-audit',
  'api-operations',
];
const workers = [
  'worker-identity',
  'worker-search',
  'worker-webhooks',
  'worker-orders',
  'worker-designs',
  'worker-notifications',
  'worker-audit',
];

const gateway = findNginx() ? 'nginx' : 'a gateway of the test’s own';

describe(`The services of docker-compose.yml, started by what is written there, behind ${gateway}`, function () {
  this.timeout(300_000);
  let system: ComposeSystem;
  let authorization = '';
  before(async () => {
    system = await startComposeSystem();
  });
  after(() => system?.close());

  const call = async (method: string, url: string, body?: unknown) => {
    const response = await fetch(url, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(authorization ? { Authorization: authorization } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: json ? JSON.parse(text) : text };
  };
  const post = (path: string, body: unknown) => call('POST', `${system.url}${path}`, body);
  const get = (path: string) => call('GET', `${system.url}${path}`);

  it('are ready, each with every part that it needs', async () => {
    for (const service of [...apis, ...workers]) {
      const { status, body } = await call('GET', `${system.urlOf(service)}/ready`);
      assert.equal(status, 200, service);
      const up = { database: 'up', temporal: 'up' };
      const parts = apis.includes(service)
        ? { ...up, redis: system.caches ? 'up' : 'down' }
        : { ...up, workers: 'up', pollers: 'up' };
      assert.deepEqual(body, { ready: true, parts });
      assert.equal((await call('GET', `${system.urlOf(service)}/healthz`)).status, 200);
    }
  });

  it('do a user’s work together through the gateway: register, log in, be known by every service', async () => {
    const user = { email: 'ada@example.com', password: 'plenty of purple penguins' };
    const names = { name: 'Ada Lovelace', organisation_name: 'Analytical Engines' };
    assert.equal((await post('/v1/registrations', { ...user, ...names })).status, 202);
    const mail = await system.mailbox.next(user.email);
    assert.ok(mail.text.includes(system.url), 'links in mails lead to the gateway');
    assert.equal((await post('/v1/registrations/verify', { token: tokenIn(mail) })).status, 201);
    const session = await post('/v1/sessions', user);
    authorization = `Bearer ${session.body.access_token}`;
    for (const path of ['/v1/users/me', '/v1/batches', '/v1/audit-log']) {
      const { status, body } = await get(path);
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    }
    assert.equal((await get('/v1/outbox')).status, 403, 'a user is no operator');
    authorization = 'Bearer nonsense';
    assert.equal((await get('/v1/batches')).status, 401);
    authorization = `Bearer ${session.body.access_token}`;
  });

  it('search in bulk: a file sent to the object storage by a signed link, searched, fetched, audited', async function () {
    if (!system.stores) return this.skip();
    const upload = await post('/v1/uploads', { file_name: 'people.csv', content_type: 'text/csv' });
    assert.equal(upload.status, 201, JSON.stringify(upload.body));
    const { url, method, headers } = upload.body.request;
    assert.ok(url.startsWith(`${system.url}/perdure/`), 'the link leads through the gateway');
    const file = phonesCsv(50);
    const unsigned = new URL(url);
    unsigned.search = '';
    assert.equal((await fetch(unsigned, { method, headers, body: file })).status, 403);
    const sent = await fetch(url, { method, headers, body: file });
    assert.equal(sent.status, 200, await sent.text());

    const made = await post('/v1/batches', {
      upload_id: upload.body.id,
      kind: 'phone',
      mapping: { phones: ['phone'] },
    });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    const batch = await until(async () => {
      const { body } = await get(`/v1/batches/${made.body.id}`);
      assert.ok(!['failed', 'cancelled'].includes(body.state), JSON.stringify(body));
      return body.state === 'completed' && body;
    }, 60_000);
    const results = await get(batch.results.csv);
    assert.equal(results.status, 200);
    assert.equal(String(results.body).trim().split('\n').length, 51);
    await until(async () => {
      const { body } = await get('/v1/audit-log');
      return JSON.stringify(body).includes('search.batch_completed');
    });
  });

  it('let WebSockets through the gateway', async () => {
    const client = await SocketClient.open(system.url, authorization.replace('Bearer ', ''));
    try {
      client.say({ type: 'subscribe', channel: 'feed' });
      const told = await client.until(({ type }) => type === 'event');
      assert.equal(typeof told.at(-1)?.['data'].unread, 'number');
    } finally {
      client.close();
    }
  });

  it('show one reference of all domains, and the keys of access tokens, at the gateway', async () => {
    const page = await get('/docs');
    assert.equal(page.status, 200);
    assert.match(String(page.body), /Perdure API/);
    assert.equal((await get('/docs/assets/swagger-ui.css')).status, 200);
    const { body: reference } = await get('/openapi.json');
    for (const path of ['/v1/sessions', '/v1/batches', '/v1/audit-log', '/v1/outbox']) {
      assert.ok(path in reference.paths, path);
    }
    assert.ok((reference.servers as { url: string }[]).some(({ url }) => url === system.url));
    const { body: keys } = await get('/.well-known/jwks.json');
    assert.ok(keys.keys.length > 0);
  });

  it('keep figures and probes from callers', async () => {
    for (const path of ['/metrics', '/ready', '/healthz', '/'])
      assert.equal((await get(path)).status, 404, path);
  });

  it('serve every figure that alerts and dashboards ask for', async () => {
    const texts = await Promise.all(
      [...apis, ...workers].map(
        async (service) => (await call('GET', `${system.urlOf(service)}/metrics`)).body,
      ),
    );
    const known = scrapedNames(texts.map(String));
    const alerts = parse(readText('deploy/prometheus/alerts.yml')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const dashboard = JSON.parse(readText('deploy/grafana/dashboards/perdure.json')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const asked = [
      ...alerts.groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ by: alert, expr }))),
      ...dashboard.panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr }) => ({ by: title, expr })),
      ),
    ];
    assert.ok(asked.length > 20);
    for (const { by, expr } of asked) {
      for (const name of metricNamesIn(expr)) assert.ok(known.has(name), `${by}: there is no ${name}`);
    }
  });
});
