import { heartbeat } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, Worker, type WorkerOptions } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { createCodecRoutes } from '../api/codec/codec.routes.ts';
import { destroyTenantKeys } from '../db/identity/tenant-keys.repository.ts';
import type { DomainEvent } from '../domain/events/event.ts';
import { dataConverterOf, failureConverterPath } from '../temporal.config.ts';
import { startTestApi, type TestApi } from '../test/support/api.ts';
import { testCodec } from '../test/support/encryption.ts';
import { jsonOf, keyOf, payloadsIn, unsealed } from '../test/support/payloads.ts';
import type { PlantedActivities } from '../test/support/planted-workflows.ts';
import { connectWorker, temporalServer } from '../test/support/temporal.ts';
import { until } from '../test/support/until.ts';
import { tenantIdAttribute } from '../workflows/search-attributes.ts';
import type { WorkflowStarts } from '../workflows/start.ts';
import { createTenantSealing } from './tenant-sealing.ts';
import { createWorkflowStarter } from './workflow-starts.ts';

const quiet = () => undefined;
const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

const activities: PlantedActivities = {
  giveBack: async (value) => {
    heartbeat(`${value}-heartbeat`);
    return `${value}-result`;
  },
  breakDown: async (value) => {
    throw ApplicationFailure.create({ type: 'planted.activity', message: value, details: [value] });
  },
};

describe("a tenant's workflows", () => {
  const taskQueue = `tenants-${uuidv7()}`;
  let api: TestApi;
  let connection: Connection;
  let namespace: string;
  let bundle: { code: string };
  before(async () => {
    api = await startTestApi(createCodecRoutes);
    const server = await temporalServer();
    connection = await Connection.connect({ address: server.address });
    namespace = server.namespace;
    bundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../test/support/planted-workflows.ts', import.meta.url)),
      failureConverterPath,
      logger,
    });
  });
  after(async () => {
    await connection?.close();
    await api?.close();
  });

  /** What a process of ours has: keys and knowledge of its own. */
  function process() {
    const { database, config, log } = api.services;
    const sealing = createTenantSealing({ database, config, log }, () => client);
    const dataConverter = dataConverterOf(config.ENCRYPTION_KEYS, sealing);
    const client: Client = new Client({ connection, namespace, dataConverter });
    return { client, sealing, dataConverter };
  }

  /** Runs a worker that knows nothing, as one that was just started, while the work is done. */
  async function withWorker<T>(
    work: () => Promise<T>,
    options: Partial<WorkerOptions> = { workflowBundle: bundle },
  ): Promise<T> {
    const native = await connectWorker((await temporalServer()).address);
    try {
      const worker = await Worker.create({
        connection: native,
        namespace,
        taskQueue,
        activities,
        dataConverter: process().dataConverter,
        ...options,
      });
      return await worker.runUntil(work);
    } finally {
      await native.close();
    }
  }

  async function start(workflowType: string, tenantId: string, args: unknown[]): Promise<string> {
    const workflowId = `planted:${uuidv7()}`;
    const starts: WorkflowStarts = {
      planted: () => ({
        workflowType,
        workflowId,
        taskQueue,
        args,
        summary: 'a planted one',
        searchAttributes: [{ key: tenantIdAttribute, value: tenantId }],
      }),
    };
    const { client, sealing } = process();
    const starter = createWorkflowStarter(() => Promise.resolve(client), starts, sealing.workflows);
    await starter.handle([{ type: 'planted', tenantId } as DomainEvent]);
    return workflowId;
  }

  const destroy = (tenantId: string) =>
    api.services.database.transaction('identity', ({ sql }) => destroyTenantKeys(sql, tenantId));

  it('are sealed with its key throughout: by whoever starts, works, answers and goes on in a new run', async () => {
    const tenantId = uuidv7();
    // Activities are another process's, which knows only what they start with.
    const workflowsOnly = { workflowBundle: bundle, enableNonLocalActivities: false };
    await withWorker(
      () =>
        withWorker(async () => {
          const everywhere = await start('plantEverywhere', tenantId, ['everywhere']);
          const anew = await start('plantAnew', tenantId, ['anew']);
          const { client, sealing } = process();
          // Who sends to a workflow tells whose it is.
          for (const id of [everywhere, anew]) sealing.workflows.learn(id, tenantId);
          const handle = client.workflow.getHandle(everywhere);
          assert.equal(await handle.query('plantQuery', 'asked'), 'asked');
          await handle.executeUpdate('plantUpdate', { args: ['updated'] });
          await handle.signal('plantSignal', 'signalled');
          await assert.rejects(handle.result());
          await client.workflow.getHandle(anew).signal('plantSignal', 'told');
          assert.equal(await client.workflow.getHandle(anew).result(), 'anew-told');
          for (const id of [everywhere, anew, `${everywhere}/child`]) {
            const history = await client.workflow.getHandle(id).fetchHistory();
            // The SDK's core notes a local activity's type, number and time by itself.
            assert.deepEqual(
              unsealed(history).filter((text) => !text.startsWith('{"seq":')),
              [],
            );
            const names = new Set(payloadsIn(history).map(keyOf));
            assert.deepEqual([...names].filter(Boolean), [`tenant:${tenantId}:1`], id);
          }
        }, {}),
      workflowsOnly,
    );
  });

  it('replay wherever its key is, and nowhere once it is destroyed; the Web UI says so', async () => {
    const tenantId = uuidv7();
    const other = uuidv7();
    const [workflowId, otherId] = await withWorker(async () => {
      const ids = await Promise.all([start('plantAnew', tenantId, ['a']), start('plantAnew', other, ['b'])]);
      const { client } = process();
      for (const id of ids) {
        await client.workflow.getHandle(id).signal('plantSignal', 'told');
        await client.workflow.getHandle(id).result();
      }
      return ids as [string, string];
    });
    const { client, dataConverter } = process();
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    const otherHistory = await client.workflow.getHandle(otherId).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: bundle, dataConverter }, history, workflowId);

    await destroy(tenantId);
    const started = { workflowBundle: bundle, dataConverter: process().dataConverter };
    await assert.rejects(Worker.runReplayHistory(started, history, workflowId), /was erased|Encoded failure/);

    const operator = api.client.as(await api.operator());
    const shown = async (one: unknown): Promise<string[]> => {
      const payloads = payloadsIn(one).filter((payload) => keyOf(payload).startsWith('tenant:'));
      assert.ok(payloads.length > 0);
      const { status, body } = await operator.post('/v1/codec/decode', { payloads: payloads.map(jsonOf) });
      assert.equal(status, 200);
      return body.payloads.map(({ data }: { data: string }) => Buffer.from(data, 'base64').toString());
    };
    assert.ok((await shown(otherHistory)).includes('"b"'));
    for (const text of await shown(history)) assert.match(text, /^"Erased: the tenant was deleted/);
    const [payload] = payloadsIn(otherHistory);
    await assert.rejects(testCodec.decode(payload ? [payload] : []), /"tenant:.*" is not in the key ring/);
  });

  it('that still run when its key is destroyed end, instead of being tried for ever', async () => {
    const tenantId = uuidv7();
    const { client, sealing } = process();
    const workflowId = await withWorker(() => start('plantAnew', tenantId, ['left behind']));
    sealing.workflows.learn(workflowId, tenantId);
    const handle = client.workflow.getHandle(workflowId);
    await handle.signal('plantSignal', 'nobody reads this');
    await destroy(tenantId);
    await withWorker(() => until(async () => (await handle.describe()).status.name === 'TERMINATED'));
  });

  it('are not started any more once it is erased, and the event is done with', async () => {
    const tenantId = uuidv7();
    await destroy(tenantId);
    const workflowId = await start('plantAnew', tenantId, ['too late']);
    await assert.rejects(process().client.workflow.getHandle(workflowId).describe(), /not found/i);
  });
});
