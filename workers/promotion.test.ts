import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import type { LocalTemporal } from '../platform/local/temporal.ts';
import { createMetrics } from '../platform/metrics.ts';
import { testDataConverter } from '../test/support/encryption.ts';
import { connectWorker, startOwnTemporal } from '../test/support/temporal.ts';
import { until } from '../test/support/until.ts';
import * as workflows from '../workflows/index.ts';
import { workflowBundle } from './bundle.ts';
import { promote, untilDrained } from './promotion.ts';
import { buildIdOf, deploymentNameOf, deploymentOf } from './versioning.ts';
import { createWorkflowSinks } from './workflow-sinks.ts';

const patienceMs = 30_000;

describe('Versions of workers', () => {
  let temporal: LocalTemporal;
  let connection: Connection;
  let native: NativeConnection;
  let client: Client;
  let code: string;
  const ends: (() => Promise<void>)[] = [];
  /** Which worker has done each step of a process: `tidySearches` has two. */
  const steps = new Map<string, string[]>();
  /** Processes whose first step lasts until it is let go. */
  const held = new Map<string, Promise<void>>();

  before(async () => {
    ({ code } = await workflowBundle());
    temporal = await startOwnTemporal();
    connection = await Connection.connect({ address: temporal.address });
    native = await connectWorker(temporal.address);
    client = new Client({ connection, namespace: temporal.namespace, dataConverter: testDataConverter });
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
    await native?.close();
    await connection?.close();
    await temporal?.stop();
  });

  /** Starts a worker of the search domain, of a version or of none, and gives the version's id. */
  const startWorker = async (name: string, version?: string): Promise<string> => {
    const bundle = { code: version === undefined ? code : `// ${version}\n${code}` };
    const note = () => {
      const id = activityInfo().workflowExecution?.workflowId ?? '';
      steps.set(id, [...(steps.get(id) ?? []), name]);
      return id;
    };
    const worker = await Worker.create({
      connection: native,
      namespace: temporal.namespace,
      taskQueue: 'search',
      dataConverter: testDataConverter,
      workflowBundle: bundle,
      ...(version === undefined ? {} : { workerDeploymentOptions: deploymentOf('search', bundle) }),
      sinks: createWorkflowSinks(createMetrics('test')),
      activities: {
        pruneSearchCache: async () => {
          await held.get(note());
          return { answers: 0 };
        },
        pruneSearchLog: async () => {
          note();
          return { searches: 0 };
        },
      },
      shutdownGraceTime: '5 seconds',
    });
    const run = worker.run();
    ends.push(async () => {
      worker.shutdown();
      await run;
    });
    return buildIdOf(bundle);
  };

  const start = async (id: string): Promise<string> => {
    await client.workflow.start('tidySearches', { workflowId: id, taskQueue: 'search' });
    return id;
  };
  /** Who does a whole new process. */
  const whoWorks = async (): Promise<string[]> => {
    const id = await start(randomUUID());
    await client.workflow.getHandle(id).result();
    return steps.get(id) ?? [];
  };
  /** A promotion comes to each part of the queue in its own time. */
  const untilWorks = (name: string) =>
    until(async () => {
      assert.deepEqual(await whoWorks(), [name, name]);
      return true;
    });
  /** A process whose first step is in hand, and what lets it go on. */
  const underWay = async (): Promise<{ id: string; goOn: () => Promise<string[]> }> => {
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set(id, promise);
    ends.push(async () => resolve());
    await start(id);
    await until(() => steps.has(id));
    const goOn = async () => {
      resolve();
      await client.workflow.getHandle(id).result();
      return steps.get(id) ?? [];
    };
    return { id, goOn };
  };

  it('are said by the worker alone: a workflow that names a behaviour does not run on workers without', () => {
    for (const [name, workflow] of Object.entries(workflows))
      assert.ok(!('workflowDefinitionOptions' in workflow), `${name} names none`);
  });

  it('begin beside workers without, take over when promoted, go back, and can be left', async () => {
    await startWorker('plain');
    const one = await startWorker('one', 'one');
    assert.deepEqual(await whoWorks(), ['plain', 'plain'], 'who is not promoted gets nothing');

    const began = await underWay();
    assert.deepEqual(await promote(client, 'search', one, patienceMs), { before: null });
    await untilWorks('one');
    assert.deepEqual(await began.goOn(), ['plain', 'one'], 'the next step is the new version’s');

    const two = await startWorker('two', 'two');
    const onOne = await underWay();
    assert.deepEqual(await promote(client, 'search', two, patienceMs), { before: one });
    await untilWorks('two');
    assert.deepEqual(await onOne.goOn(), ['one', 'two']);

    assert.deepEqual(await promote(client, 'search', one, patienceMs), { before: two });
    await untilWorks('one');
    assert.deepEqual(
      await promote(client, 'search', one, patienceMs),
      { before: one },
      'once more is the same',
    );

    assert.deepEqual(await promote(client, 'search', null, patienceMs), { before: one });
    await untilWorks('plain');
  });

  it('before the current one are needed for as long as an operator has a process pinned to them', async () => {
    const three = await startWorker('three', 'three');
    await promote(client, 'search', three, patienceMs);
    await untilWorks('three');
    const pinned = await underWay();
    await client.workflowService.updateWorkflowExecutionOptions({
      namespace: temporal.namespace,
      workflowExecution: { workflowId: pinned.id },
      workflowExecutionOptions: {
        versioningOverride: {
          pinned: { behavior: 1, version: { deploymentName: deploymentNameOf('search'), buildId: three } },
        },
      },
      updateMask: { paths: ['versioning_override'] },
    });
    const four = await startWorker('four', 'four');
    await promote(client, 'search', four, patienceMs);
    await untilWorks('four');
    await until(() =>
      assert.rejects(untilDrained(client, 'search', four, 0), /are still pinned/).then(() => true),
    );
    assert.deepEqual(await pinned.goOn(), ['three', 'three']);
    await untilDrained(client, 'search', four, patienceMs);
  });

  it('that never come are not promoted', async () => {
    await assert.rejects(promote(client, 'search', 'no-such-version', 0), /no-such-version/);
  });
});
