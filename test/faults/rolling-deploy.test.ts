import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { runNodeProgram } from '../../platform/local/node-program.ts';
import type { LocalTemporal } from '../../platform/local/temporal.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { buildIdOf, deploymentNameOf } from '../../workers/versioning.ts';
import { batchWorkflowId } from '../../workflows/search/messages.ts';
import { root } from '../support/compose-file.ts';
import { testDataConverter } from '../support/encryption.ts';
import { onlyProvider } from '../support/providers.ts';
import { runFolder } from '../support/run.ts';
import { vendorConfig } from '../support/search.ts';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type ApiClient,
  type SearchSystem,
  type Tenant,
} from '../support/search-system.ts';
import { startOwnTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';
import { thorough } from './seed.ts';

/** Rows of the batch that is under way when the new version comes, and of each of those that come in meanwhile. */
const longRows = 2_000;
const shortRows = 20;

const over = ['completed', 'failed', 'cancelled'];

interface Version {
  id: string;
  env: Record<string, string>;
}

describe('A new version of the workers, rolled out under load', function () {
  // In the long form alone: it takes a minute of both cores.
  if (!thorough) return;
  this.timeout(300_000);
  let temporal: LocalTemporal;
  let connection: Connection;
  let client: Client;
  let vendor: Vendor;
  let system: SearchSystem;
  let tenant: Tenant;
  let member: ApiClient;
  /** As long as it is, the vendor takes its time over each row: the long batch lasts. */
  let rollingOut = true;
  before(async () => {
    temporal = await startOwnTemporal();
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection, namespace: temporal.namespace, dataConverter: testDataConverter });
    vendor = await startVendor(async () => {
      if (rollingOut && vendor.requests.length > longRows / 10) await pause(2_000);
      return { body: { people: [{ name: 'Ada', score: 0.9 }], final: true } };
    });
    system = await startSearchSystem({
      env: { OUTBOUND_ALLOW_PRIVATE: vendor.host },
      withoutWorkers: true,
      temporal,
    });
    tenant = await system.api.tenant('scale');
    member = system.api.client.as(tenant.member);
    await onlyProvider(system.api.services.database, tenant.id, {
      name: 'vendor',
      config: vendorConfig(vendor),
      price: { perCall: 10_000n, perHit: 0n },
    });
  });
  after(async () => {
    await system?.close();
    await vendor?.close();
    await connection?.close();
    await temporal?.stop();
  });

  /** Two versions whose workflows decide alike, so that one may go on with what the other has begun. */
  const twoVersions = async (): Promise<[Version, Version]> => {
    const { code } = await workflowBundle();
    const versionOf = async (text: string): Promise<Version> => {
      const id = buildIdOf({ code: text });
      const file = join(await runFolder(), `workflows-${id}.js`);
      await writeFile(file, text);
      return { id, env: { WORKFLOW_BUNDLE: file, WORKER_VERSIONING: 'true' } };
    };
    return [await versionOf(code), await versionOf(`${code}\n// the next version`)];
  };

  /** Starts two workers of a version, makes it the current one, and waits until nothing needs the one before. */
  const rollOut = async ({ env }: Version) => {
    const { address, namespace } = temporal;
    const [workers] = await Promise.all([
      Promise.all([system.startWorkerProcess(env), system.startWorkerProcess(env)]),
      runNodeProgram(
        {
          name: 'promotion',
          script: join(root, 'workers/promote.ts'),
          args: ['--domains', 'search'],
          env: {
            PATH: process.env['PATH'],
            ...env,
            TEMPORAL_ADDRESS: address,
            TEMPORAL_NAMESPACE: namespace,
          },
          cwd: root,
        },
        AbortSignal.timeout(180_000),
      ),
    ]);
    return workers;
  };

  let numbers = 0;
  /** Numbers of its own for each batch: an answer that two batches share would be paid by one of them. */
  const submit = async (rows: number) => {
    const lines = Array.from(
      { length: rows },
      (_, index) => `r${index + 1},+1415${5_550_000 + numbers + index}`,
    );
    numbers += rows;
    const form = formOf(`id,phone\n${lines.join('\n')}\n`, 'people.csv', { kind: 'phone' });
    const made = await member.post('/v1/batches', form);
    assert.equal(made.status, 202, JSON.stringify(made.body));
    return { id: String(made.body.id), rows };
  };

  const assertWhole = async ({ id, rows }: { id: string; rows: number }): Promise<void> => {
    const batch = await untilStateAt(member, `/v1/batches/${id}`, over, 120_000);
    assert.equal(batch.state, 'completed', JSON.stringify(batch));
    assert.equal(batch.progress.found, rows, JSON.stringify(batch.progress));
    const results = String((await member.get(batch.results.csv)).body)
      .trim()
      .split('\n');
    assert.equal(results.length, rows + 1, 'a line for each row, under one of headings');
    assert.equal(new Set(results.map((line) => line.split(',')[0])).size, rows + 1, 'none twice');
    const [bill] = await system.api.services.database.read('search', ({ sql }) =>
      sql<{ paid: number; open: number }>(
        `select count(*) filter (where amount_micros = 10000)::int as paid,
           count(*) filter (where state = 'reserved')::int as open
         from search.charges where tenant_id = $1 and effect_key like 'batch:' || $2 || ':%'`,
        [tenant.id, id],
      ),
    );
    assert.deepEqual(bill, { paid: rows, open: 0 }, 'each row is paid once');
  };

  it('takes over while batches come in and are worked on; nothing is lost or repeated, and the old one ends in order', async () => {
    const [old, next] = await twoVersions();
    const oldWorkers = await rollOut(old);
    const long = await submit(longRows);
    const foundSoFar = async () => (await member.get(`/v1/batches/${long.id}`)).body.progress.found as number;
    await until(async () => (await foundSoFar()) > 0, 60_000);
    const accepted = [long];
    const load = (async () => {
      while (rollingOut) {
        const batch = await submit(shortRows);
        accepted.push(batch);
        await untilStateAt(member, `/v1/batches/${batch.id}`, over, 120_000);
      }
    })();

    const began = performance.now();
    let seconds;
    try {
      const newWorkers = await rollOut(next);
      for (const { pid } of oldWorkers) process.kill(pid, 'SIGTERM');
      const exits = await Promise.all(oldWorkers.map(({ exited }) => exited));
      seconds = (performance.now() - began) / 1_000;
      const orderly = { code: 0, signal: null };
      assert.deepEqual(exits, [orderly, orderly]);
      assert.ok(newWorkers.every((worker) => worker.exit === null));
      assert.ok((await foundSoFar()) < longRows, 'the long batch is still under way');
    } finally {
      rollingOut = false;
      await load;
    }
    for (const batch of accepted) await assertWhole(batch);

    const calls = new Set(vendor.requests.map(({ headers }) => headers['idempotency-key']));
    assert.equal(calls.size, numbers, 'each row is one call to the vendor, be it sent anew');
    const { raw } = await client.workflow.getHandle(batchWorkflowId(long.id, 0)).describe();
    const { deploymentVersion } = raw.workflowExecutionInfo?.versioningInfo ?? {};
    assert.equal(deploymentVersion?.buildId, next.id, 'the batch that was under way has moved on');
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace: temporal.namespace,
      deploymentName: deploymentNameOf('search'),
    });
    assert.equal(workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId, next.id);
    const again = vendor.requests.length - calls.size;
    process.stdout.write(
      `      ${accepted.length} batches, ${numbers} rows; rolled out in ${seconds.toFixed(1)} s; ${again} calls sent anew\n`,
    );
  });
});
