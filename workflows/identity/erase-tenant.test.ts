import type { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import { domains } from '../../domain/domains.ts';
import { createIdentityRoutes } from '../../api/identity/routes.ts';
import { createSearchRoutes } from '../../api/search/routes.ts';
import { openSearchEngine } from '../../services/search/open.ts';
import { startTestApi, type Tenant, type TestApi } from '../../test/support/api.ts';
import { phonesCsv } from '../../test/support/batches.ts';
import { formOf, untilStateAt } from '../../test/support/search-system.ts';
import { keepHistory } from '../../test/support/histories.ts';
import { temporalClient, temporalServer } from '../../test/support/temporal.ts';
import { until } from '../../test/support/until.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { tenantErasureWorkflowId } from './messages.ts';

describe('deleting an organisation', function () {
  this.timeout(240_000);
  let api: TestApi;
  let workers: RunningWorkers;
  before(async () => {
    api = await startTestApi((services) => {
      const engine = openSearchEngine(services);
      services.onStop(() => engine.close());
      return [...createIdentityRoutes(services), ...createSearchRoutes(services, engine)];
    });
    const { address, namespace } = await temporalServer();
    workers = await startWorkers(api.services.config, { connection: { address }, namespace }, domains);
  });
  after(async () => {
    await workers?.stop();
    await api?.close();
  });

  /** A tenant with people who can be found. */
  async function tenantWithPeople(planted: string): Promise<Tenant> {
    const tenant = await api.tenant();
    const owner = api.client.as(tenant.owner);
    const { body: set } = await owner.post('/v1/record-sets', { name: `${planted} set` });
    const file = formOf(
      `given name,surname,email\nUrsula,${planted},u@${planted}.example\n`,
      `${planted}.csv`,
    );
    const { body: imported } = await owner.post(`/v1/record-sets/${set.id}/imports`, file);
    await untilStateAt(owner, `/v1/record-sets/${set.id}/imports/${imported.id}`, ['completed']);
    const { body } = await owner.post('/v1/search/name', { given_name: 'Ursula', surname: planted });
    assert.equal(body.status, 'found');
    return tenant;
  }

  /** Gives it a batch that is done, and one that waits. */
  async function submitBatches(tenant: Tenant, planted: string): Promise<{ waiting: string }> {
    const owner = api.client.as(tenant.owner);
    const rows = formOf(`given name,surname\nUrsula,${planted}\n`, `${planted}.csv`, { kind: 'name' });
    const { body: done } = await owner.post('/v1/batches', rows);
    await untilStateAt(owner, `/v1/batches/${done.id}`, ['completed']);
    const phones = formOf(phonesCsv(2_000), `${planted}.csv`, { kind: 'phone' });
    const { body: held } = await owner.post('/v1/batches', phones);
    assert.equal((await owner.post(`/v1/batches/${held.id}/pause`)).status, 200);
    return { waiting: held.id };
  }

  /** What any table or file of any domain still says of a tenant: table, and what stands there. */
  async function remainsOf(
    tenantId: string,
    planted: string,
  ): Promise<{ tables: Record<string, number>; text: string; files: string[] }> {
    const tables: Record<string, number> = {};
    let text = '';
    for (const domain of domains) {
      await api.services.database.read(domain, async ({ sql }) => {
        const all = await sql<{ name: string }>(
          `select table_name as name from information_schema.tables where table_schema = $1 and table_name <> 'migrations'`,
          [domain],
        );
        for (const { name } of all) {
          const rows = await sql<{ row: string }>(
            `select t::text as row from ${domain}.${name} t where t::text like $1 or t::text ilike $2`,
            [`%${tenantId}%`, `%${planted}%`],
          );
          if (rows.length > 0) tables[`${domain}.${name}`] = rows.length;
          text += rows.map(({ row }) => row).join('\n');
        }
      });
    }
    const files = await Array.fromAsync(api.services.storage.list(''));
    return { tables, text, files: files.map(({ key }) => key).filter((key) => key.includes(tenantId)) };
  }

  it('ends what runs for it, and erases its rows, files and key in every domain, but for the bare log and books', async () => {
    const tenant = await tenantWithPeople('zanzibarquist');
    const other = await tenantWithPeople('wolverhampton');
    const { waiting } = await submitBatches(tenant, 'zanzibarquist');
    const remains = () => remainsOf(tenant.id, 'zanzibarquist');
    const before = await until(async () => {
      const found = await remains();
      return found.tables['audit.audit_log'] ? found : null;
    });
    assert.ok(before.files.length > 0);
    for (const table of [
      'search.persons',
      'search.batch_rows',
      'search.searches',
      'search.terms',
      'search.outbox',
    ])
      assert.ok(before.tables[table], table);

    const owner = api.client.as(tenant.owner);
    const { body: organisation } = await owner.get('/v1/organisation');
    const deleted = await owner.delete(`/v1/organisation?name=${encodeURIComponent(organisation.name)}`);
    assert.equal(deleted.status, 204, JSON.stringify(deleted.body));
    const client = await temporalClient();
    const erasure = client.workflow.getHandle(tenantErasureWorkflowId(tenant.id));
    await until(() => erasure.describe());
    const { removed } = (await erasure.result()) as { removed: number };
    assert.ok(removed > 10, String(removed));
    await keepHistory(
      client,
      api.services.database,
      tenantErasureWorkflowId(tenant.id),
      'eraseTenant/straight',
    );
    assert.equal((await client.workflow.getHandle(`batch:${waiting}`).describe()).status.name, 'TERMINATED');

    const after = await remains();
    assert.deepEqual(after.files, []);
    assert.deepEqual(Object.keys(after.tables).toSorted(), [
      'audit.audit_log',
      'identity.organisations',
      'identity.tenant_keys',
    ]);
    assert.equal(after.text.includes('zanzibarquist'), false);
    const log = await api.services.database.read('audit', ({ sql }) =>
      sql('select distinct actor_id, trace_id, data from audit.audit_log where tenant_id = $1', [tenant.id]),
    );
    assert.deepEqual(log, [{ actor_id: null, trace_id: null, data: {} }]);
    const [key] = await api.services.database.read('identity', ({ sql }) =>
      sql('select sealed from identity.tenant_keys where tenant_id = $1', [tenant.id]),
    );
    assert.deepEqual(key, { sealed: null });

    // Others are as they were.
    const untouched = api.client.as(other.owner);
    const { body } = await untouched.post('/v1/search/name', {
      given_name: 'Ursula',
      surname: 'wolverhampton',
    });
    assert.equal(body.status, 'found');
  });

  it('refuses to erase one that nobody has deleted', async () => {
    const tenant = await api.tenant();
    const client = await temporalClient();
    const handle = await client.workflow.start('eraseTenant', {
      workflowId: tenantErasureWorkflowId(tenant.id),
      taskQueue: 'identity',
      args: [{ tenantId: tenant.id, domains }],
    });
    await assert.rejects(
      handle.result(),
      ({ cause }: WorkflowFailedError) =>
        cause instanceof ActivityFailure &&
        cause.cause instanceof ApplicationFailure &&
        cause.cause.type === 'identity.organisation_exists',
    );
  });
});
