import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createIdentityRoutes } from '../../api/identity/routes.ts';
import { createProcessRoutes } from '../../api/processes/processes.routes.ts';
import { createSearchRoutes } from '../../api/search/routes.ts';
import { assetKey } from '../../domain/designs/files.ts';
import { domains, type Domain } from '../../domain/domains.ts';
import { signObjectUrl } from '../../platform/storage/signed-url.ts';
import { AssetStore } from '../../services/designs/asset-store.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { preload } from '../faults/preload.ts';
import { startTestApi, type Caller, type Tenant, type TestApi } from '../support/api.ts';
import { filesOfArchive } from '../support/archive.ts';
import { keepHistory } from '../support/histories.ts';
import { environmentOf, formOf, untilStateAt } from '../support/search-system.ts';
import { temporalClient, temporalServer, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { spawnWorkerProcess } from '../support/worker-process.ts';
import type { Json } from '../support/json.ts';

const startApi = (): Promise<TestApi> =>
  startTestApi(
    (services) => [
      ...createIdentityRoutes(services),
      ...createSearchRoutes(services),
      ...createProcessRoutes(services),
    ],
    { env: { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent' } },
  );

const vendorKey = 'sk_planted_vendor_key';

/** People, a rejected row, a batch, a provider with a secret: something of all that there is. */
async function plant(api: TestApi, tenant: Tenant, surname: string): Promise<void> {
  const owner = api.client.as(tenant.owner);
  const made = await owner.post('/v1/search-providers', {
    kind: 'http',
    name: 'vendor',
    enabled: false,
    http: {
      kinds: ['phone'],
      request: {
        url: 'https://vendor.example/{{phone.e164}}',
        headers: { authorization: 'Bearer {{secret.api_key}}' },
      },
      answer: { people: '/people', fields: { full_name: '/name' } },
    },
    secrets: { api_key: vendorKey },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { body: set } = await owner.post('/v1/record-sets', { name: `${surname} set` });
  const header = 'given name,surname,email';
  const rows = Array.from({ length: 2_500 }, (_, i) => `Otto${i},Other,o${i}@example.com`);
  const table = [header, `Ursula,${surname},u@${surname}.example`, ...rows, ',,'].join('\n');
  const { body: imported } = await owner.post(
    `/v1/record-sets/${set.id}/imports`,
    formOf(table, 'people.csv'),
  );
  await untilStateAt(owner, `/v1/record-sets/${set.id}/imports/${imported.id}`, ['completed']);
  const file = formOf(`${header}\nUrsula,${surname},\nNobody,Unknown,\n`, 'batch.csv', { kind: 'name' });
  const { body: batch } = await owner.post('/v1/batches', file);
  await untilStateAt(owner, `/v1/batches/${batch.id}`, ['completed']);
}

/** A picture for designs, as it would be uploaded. */
async function plantPicture({ services }: TestApi, tenant: Tenant, content: string): Promise<string> {
  const store = new AssetStore(services);
  const facts = { format: 'png' as const, width: 1, height: 1, leftOut: [], madeOf: null };
  const owner = { name: 'Logo', createdBy: tenant.owner.userId };
  const incoming = await store.put(tenant.id, owner, Buffer.from(content), facts);
  const { id } = await services.database.transaction('designs', (transaction) =>
    store.keep(transaction, tenant.id, incoming),
  );
  return id;
}

const sha256Of = (content: string): string => createHash('sha256').update(content).digest('hex');

async function exported(
  api: TestApi,
  caller: Caller,
  path: string,
  body?: unknown,
): Promise<{ view: Json; files: Map<string, string> }> {
  const as = api.client.as(caller);
  const asked = await as.post(path, body);
  assert.equal(asked.status, 202, JSON.stringify(asked.body));
  const view = await untilStateAt(as, asked.headers.get('location') ?? '', ['completed'], 90_000);
  const response = await fetch(view.download.url);
  assert.equal(response.status, 200);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(bytes.length, view.download.bytes);
  assert.equal(createHash('sha256').update(bytes).digest('hex'), view.download.sha256);
  const files = await filesOfArchive(bytes);
  assert.deepEqual(JSON.parse(files.get('manifest.json') ?? '').files, view.files);
  for (const { name, rows, sha256 } of view.files) {
    const content = files.get(name) ?? 'none';
    assert.equal(createHash('sha256').update(content).digest('hex'), sha256, name);
    assert.equal(linesOf(files, name).length, rows, name);
  }
  return { view, files };
}

function linesOf(files: Map<string, string>, name: string): Record<string, unknown>[] {
  return (files.get(name) ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('exports', function () {
  this.timeout(240_000);
  let api: TestApi;
  let workers: RunningWorkers;
  let tenant: Tenant;
  before(async () => {
    api = await startApi();
    const { address, namespace } = await temporalServer();
    workers = await startWorkers(api.services.config, { connection: { address }, namespace }, domains);
    tenant = await api.tenant();
    await plant(api, tenant, 'zanzibarquist');
    await plant(api, await api.tenant(), 'wolverhampton');
  });
  after(async () => {
    await workers?.stop();
    await api?.close();
  });

  it('of an organisation hold all that is planted, nothing of another, and no secret', async () => {
    await api.services.database.transaction('identity', ({ sql }) =>
      sql(`update identity.users set password_hash = 'planted-password-hash' where id = $1`, [
        tenant.owner.userId,
      ]),
    );
    const key = await api.key(tenant.owner);
    const pictures = [await plantPicture(api, tenant, 'a planted logo'), await plantPicture(api, tenant, '')];
    const [logo, lost] = pictures.map((id) => `designs/asset-files/${id}.png`) as [string, string];
    // Its file is gone, as if it had been deleted meanwhile.
    await api.services.storage.delete(assetKey(tenant.id, pictures[1] ?? ''));
    const { view, files } = await exported(api, tenant.owner, '/v1/exports', { of: 'organisation' });
    assert.deepEqual([files.get(logo), files.get(lost)], ['a planted logo', '']);
    assert.deepEqual(
      linesOf(files, 'designs/assets.ndjson').map(({ file }) => file),
      [logo, lost],
    );
    const { attached, attached_left_out: leftOut } = JSON.parse(files.get('manifest.json') ?? '');
    assert.deepEqual(
      [attached, leftOut],
      [
        [
          { name: logo, bytes: 14, sha256: sha256Of('a planted logo') },
          { name: lost, bytes: 0, sha256: sha256Of(''), missing: true },
        ],
        0,
      ],
    );
    assert.equal(linesOf(files, 'search/people.ndjson').length, 2_501);
    assert.equal(linesOf(files, 'search/rejected-rows.ndjson').length, 1);
    const rows = linesOf(files, 'search/batch-rows.ndjson');
    assert.deepEqual(
      rows.map(({ status }) => status),
      ['found', 'not_found'],
    );
    assert.equal(linesOf(files, 'identity/members.ndjson').length, 4);
    assert.equal(linesOf(files, 'identity/api-keys.ndjson').length, 1);
    assert.ok(linesOf(files, 'audit/events.ndjson').length > 5);
    const all = [...files.values()].join('\n');
    assert.match(all, /zanzibarquist/);
    assert.doesNotMatch(all, /wolverhampton|planted-password-hash|"secret_hash"|v1\.[\w-]+\.[\w-]{40}/);
    assert.equal(all.includes(vendorKey), false);
    assert.equal(all.includes(key.authorization.slice('Bearer '.length)), false);
    const stored = await api.services.database.read('identity', ({ sql }) =>
      sql<{ hash: string }>('select secret_hash as hash from identity.api_keys'),
    );
    for (const { hash } of stored) assert.equal(all.includes(hash), false);

    const client = await temporalClient();
    await untilCompleted(client, `export:${view.id}`);
    // What lay in the storage on the way is gone.
    const kept = await Array.fromAsync(api.services.storage.list(`exports/${tenant.id}/${view.id}/`));
    assert.deepEqual(
      kept.map(({ key: name }) => name.split('/').at(-1)),
      ['archive.zip'],
    );
    await keepHistory(client, api.services.database, `export:${view.id}`, 'exportData/straight');
    const process = await api.client.as(tenant.owner).get(`/v1/processes/export:${view.id}`);
    assert.equal(process.body.state, 'completed');
    const timeline = await until(async () => {
      const { body } = await api.client.as(tenant.owner).get(`/v1/processes/export:${view.id}/timeline`);
      return body.items.length === 3 ? body.items : null;
    });
    assert.deepEqual(
      timeline.map(({ type }: { type: string }) => type),
      ['completed', 'started', 'requested'],
    );
  });

  it('of a person hold what is of the person, and no one else', async () => {
    const person = { emails: ['u@zanzibarquist.example'] };
    const { files } = await exported(api, tenant.owner, '/v1/exports', { of: 'person', person });
    assert.equal(linesOf(files, 'search/people.ndjson').length, 1);
    assert.equal(linesOf(files, 'search/batch-rows.ndjson').length, 1);
    assert.doesNotMatch([...files.values()].join('\n'), /Otto|Nobody/);
    const nobody = await api.client
      .as(tenant.owner)
      .post('/v1/exports', { of: 'person', person: { name: 'Ada Lovelace' } });
    assert.deepEqual([nobody.status, nobody.body.code], [400, 'search.erasure_invalid']);
    const [row] = await api.services.database.read('identity', ({ sql }) =>
      sql(`select count(*)::int as left from identity.exports where subject is not null`),
    );
    assert.deepEqual(row, { left: 0 });
  });

  it('of an account are for its person alone', async () => {
    const { view, files } = await exported(api, tenant.viewer, '/v1/users/me/exports');
    const [account] = linesOf(files, 'identity/account.ndjson');
    assert.equal(account?.['email'], tenant.viewer.email);
    assert.equal(linesOf(files, 'identity/sessions.ndjson').length, 1);
    const all = [...files.values()].join('\n');
    assert.equal(all.includes(tenant.owner.email) || all.includes('zanzibarquist'), false);
    const path = `/v1/users/me/exports/${view.id}`;
    assert.equal((await api.client.as(tenant.owner).get(path)).status, 404);
    assert.equal((await api.client.as(tenant.owner).get(`/v1/exports/${view.id}`)).status, 404);
    const program = await api.client.as(await api.key(tenant.viewer)).get(path);
    assert.equal(program.body.code, 'identity.session_required');
  });

  it('are asked for by owners, once at a time, and seen by nobody else', async () => {
    const other = await api.tenant();
    const owner = api.client.as(other.owner);
    for (const role of ['admin', 'member', 'viewer'] as const)
      assert.equal(
        (await api.client.as(other[role]).post('/v1/exports', { of: 'organisation' })).status,
        403,
      );
    const headers = { 'idempotency-key': 'once' };
    const first = await owner.post('/v1/exports', { of: 'organisation' }, { headers });
    const again = await owner.post('/v1/exports', { of: 'organisation' }, { headers });
    assert.equal(again.body.id, first.body.id);
    const path = `/v1/exports/${first.body.id}`;
    assert.equal((await api.client.as(tenant.owner).get(path)).status, 404);
    assert.equal((await api.client.as(tenant.owner).delete(path)).status, 404);
    await untilStateAt(owner, path, ['completed']);
    assert.equal((await owner.get('/v1/exports')).body.items.length, 1);

    // Deleted, it is gone with its files.
    assert.equal((await owner.delete(path)).status, 204);
    assert.equal((await owner.get(path)).status, 404);
    const client = await temporalClient();
    await until(() => client.workflow.getHandle(`export-deletion:${first.body.id}`).describe());
    await untilCompleted(client, `export-deletion:${first.body.id}`);
    await keepHistory(
      client,
      api.services.database,
      `export-deletion:${first.body.id}`,
      'deleteExport/of-a-finished-one',
    );
    const folder = `exports/${other.id}/`;
    assert.deepEqual(await Array.fromAsync(api.services.storage.list(folder)), []);
  });

  it('expire: the link first, then the archive', async () => {
    const other = await api.tenant();
    const { view } = await exported(api, other.owner, '/v1/exports', { of: 'organisation' });
    const { config, database, storage } = api.services;
    const key = `exports/${other.id}/${view.id}/archive.zip`;
    if (config.STORAGE_DIR) {
      const secret = config.STORAGE_SIGNING_SECRET ?? '';
      const expires = Math.floor(Date.now() / 1_000) - 1;
      const url = signObjectUrl(api.url, secret, { method: 'GET', key, expires, filename: 'a.zip' });
      assert.equal((await fetch(url)).status, 410);
      const stolen = view.download.url.replace(view.id, '0198c0ff-ee00-7000-8000-00000000beef');
      assert.equal((await fetch(stolen)).status, 403);
    }
    await database.transaction('identity', ({ sql }) =>
      sql(`update identity.exports set expires_at = now() where id = $1`, [view.id]),
    );
    const { body } = await api.client.as(other.owner).get(`/v1/exports/${view.id}`);
    assert.deepEqual([body.state, body.download, body.files], ['expired', null, null]);
    const client = await temporalClient();
    const workflowId = `expire-exports-${view.id}`;
    await client.workflow.start('expireExports', { workflowId, taskQueue: 'identity', args: [] });
    await untilCompleted(client, workflowId);
    await keepHistory(client, database, workflowId, 'expireExports/straight');
    assert.equal(await storage.head(key), undefined);
    assert.notEqual((await fetch(view.download.url)).status, 200);
  });
});

describe('an export whose worker dies', function () {
  this.timeout(240_000);
  /** The domains of the worker that dies: where the export is kept, and one of those whose parts it has. */
  const dying: readonly Domain[] = ['identity', 'search'];
  const running = new Set<RunningWorkers>();
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(async () => {
    for (const workers of running) await workers.stop();
    await api?.close();
  });

  it('ends with the same archive', async () => {
    const { address, namespace } = await temporalServer();
    const start = async (of: readonly Domain[]): Promise<RunningWorkers> => {
      const workers = await startWorkers(api.services.config, { connection: { address }, namespace }, of);
      running.add(workers);
      return workers;
    };
    const stop = async (workers: RunningWorkers): Promise<void> => {
      running.delete(workers);
      await workers.stop();
    };
    await start(domains.filter((domain) => !dying.includes(domain)));
    let own = await start(dying);
    const tenant = await api.tenant();
    await plant(api, tenant, 'zanzibarquist');
    const undisturbed = await exported(api, tenant.owner, '/v1/exports', { of: 'organisation' });
    // Statistics are counted by the clock; what has happened and who was logged in grows from one export to the next.
    const same = (files: Map<string, string>) =>
      [...files].filter(
        ([name]) =>
          (name.startsWith('search/') && !name.includes('statistics')) || name === 'identity/members.ndjson',
      );
    for (const point of ['beginExport after 1', 'exportPart after 2', 'archiveExport after 1']) {
      await stop(own);
      const env = {
        ...environmentOf(api.services.config),
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
        ...preload('crash'),
        CRASH_AT: point,
      };
      const worker = await spawnWorkerProcess(env, undefined, dying);
      try {
        const successor = (async () => {
          await until(() => worker.exit, 90_000);
          assert.equal(worker.exit?.signal, 'SIGKILL', worker.lastLines().join('\n'));
          own = await start(dying);
        })();
        const [{ files }] = await Promise.all([
          exported(api, tenant.owner, '/v1/exports', { of: 'organisation' }),
          successor,
        ]);
        assert.deepEqual(same(files), same(undisturbed.files), point);
      } finally {
        await worker.stop();
      }
    }
  });
});
