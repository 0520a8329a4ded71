import { activityInfo } from '@temporalio/activity';
import { Client, Connection, defaultPayloadConverter } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import type { LocalTemporal } from '../../platform/local/temporal.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { testDataConverter } from '../../test/support/encryption.ts';
import { keepHistory } from '../../test/support/histories.ts';
import { connectWorker, startOwnTemporal } from '../../test/support/temporal.ts';
import { until } from '../../test/support/until.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { personErasureWorkflowId, type ErasePersonInput, type ErasureActivities } from './messages.ts';

/** Looks in one run, beyond which it would never have gone on in another. */
const most = 20;

describe('The workflow of a person’s erasure', function () {
  this.timeout(60_000);
  let temporal: LocalTemporal;
  let connection: Connection;
  let forWorkers: NativeConnection;
  let client: Client;
  let db: TestDatabase;
  before(async () => {
    // Suggests a new run after so few events, which otherwise takes thousands.
    temporal = await startOwnTemporal({ 'limit.historyCount.suggestContinueAsNew': 60 });
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection, namespace: temporal.namespace, dataConverter: testDataConverter });
    forWorkers = await connectWorker(temporal.address);
    db = await testDatabase({ of: ['identity'] });
  });
  after(async () => {
    await db?.close();
    await forWorkers?.close();
    await connection?.close();
    await temporal?.stop();
  });

  it('waits in one run after another for a batch that is paused for long', async () => {
    const input: ErasePersonInput = { erasureId: uuidv7(), tenantId: uuidv7(), domains: [] };
    const workflowId = personErasureWorkflowId(input.erasureId);
    const nothing = (): Promise<void> => Promise.resolve();
    const looks = new Map<string, number>();
    const steps: Partial<ErasureActivities> = {
      erasePeople: nothing,
      eraseFromUploads: nothing,
      eraseAnswers: nothing,
      completeErasure: nothing,
      listErasureProcesses: () => {
        const runId = activityInfo().workflowExecution?.runId ?? '';
        const look = (looks.get(runId) ?? 0) + 1;
        looks.set(runId, look);
        // Until there is a second run.
        const unfinished = looks.size === 1 && look < most ? 1 : 0;
        return Promise.resolve({ batches: [], imports: [], unfinished });
      },
    };
    const taskQueue = `erasures-${uuidv7()}`;
    const worker = await Worker.create({
      connection: forWorkers,
      namespace: temporal.namespace,
      taskQueue,
      dataConverter: testDataConverter,
      workflowBundle: await workflowBundle(),
      activities: steps,
    });
    await worker.runUntil(async () => {
      const { runId } = await client.workflowService.startWorkflowExecution({
        namespace: temporal.namespace,
        workflowId,
        requestId: uuidv7(),
        workflowType: { name: 'erasePerson' },
        taskQueue: { name: taskQueue },
        input: { payloads: [defaultPayloadConverter.toPayload(input)] },
        // Half a minute between two looks is jumped over.
        timeSkippingConfig: { enabled: true },
      });
      const ends = await until(async () => {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING' ? null : status.name;
      });
      assert.equal(ends, 'COMPLETED');
      assert.equal(looks.size, 2);
      assert.ok((looks.get(runId) ?? most) < most);
      await keepHistory(client, db.database, workflowId, 'erasePerson/in-runs', runId);
    });
  });
});
