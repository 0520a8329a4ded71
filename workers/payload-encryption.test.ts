import { heartbeat } from '@temporalio/activity';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCodecRoutes } from '../api/codec/codec.routes.ts';
import { parseKeyRing } from '../platform/crypto/secret-box.ts';
import type { LocalTemporal } from '../platform/local/temporal.ts';
import { dataConverterOf, failureConverterPath } from '../temporal.config.ts';
import { startTestApi } from '../test/support/api.ts';
import { testDataConverter, testEncryptionKeys } from '../test/support/encryption.ts';
import { startIdentityApi, type IdentityApi } from '../test/support/identity.ts';
import type { PlantedActivities } from '../test/support/planted-workflows.ts';
import { jsonOf, payloadsIn, unsealed } from '../test/support/payloads.ts';
import { runFolder } from '../test/support/run.ts';
import { connectWorker, startOwnTemporal, temporalClient, temporalServer } from '../test/support/temporal.ts';
import { until } from '../test/support/until.ts';
import { userDeletionWorkflowId } from '../workflows/identity/messages.ts';
import { startWorkers, type RunningWorkers } from './run.ts';

const { history: histories } = proto.temporal.api;
type History = proto.temporal.api.history.v1.IHistory;

const quiet = () => undefined;
const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

const activities: PlantedActivities = {
  giveBack: async (value) => {
    heartbeat(`${value}-heartbeat`);
    return `${value}-result`;
  },
  breakDown: async (value) => {
    throw ApplicationFailure.create({
      type: 'planted.activity',
      message: `${value}-message`,
      details: [`${value}-details`],
      cause: new Error(`${value}-cause`),
    });
  },
};

describe('the workers and the relay', () => {
  let api: IdentityApi;
  let workers: RunningWorkers;
  before(async () => {
    api = await startIdentityApi();
    const { address, namespace } = await temporalServer();
    workers = await startWorkers(api.services.config, { connection: { address }, namespace }, ['identity']);
  });
  after(async () => {
    await workers?.stop();
    await api?.close();
  });

  it('encrypt what they start', async () => {
    const client = await temporalClient();
    const user = await api.register('sealed@example.com');
    await api.client.as(user).post('/v1/users/me/deletion', { password: user.password });
    const [row] = await api.services.database.read('identity', ({ sql }) =>
      sql(`select data from identity.outbox where type = 'identity.user_deletion_requested'`, []),
    );
    assert.ok(row);
    const { deletion_id: deletionId } = row['data'] as { deletion_id: string };
    const handle = client.workflow.getHandle(userDeletionWorkflowId(deletionId));
    const history = await until(async () => {
      const found = await handle.fetchHistory();
      return found.events?.some((event) => event.timerStartedEventAttributes) ? found : null;
    });
    await handle.terminate('the test is over');
    const sealed = payloadsIn(history);
    assert.ok(sealed.length >= 3);
    assert.deepEqual(unsealed(sealed), []);
    const bytes = Buffer.from(histories.v1.History.encode(history).finish());
    assert.equal(bytes.includes(user.userId), false);
  });

  it('encrypt what their schedules start', async () => {
    const client = await temporalClient();
    const { namespace } = client.options;
    const { schedule, memo } = await client.workflowService.describeSchedule({
      namespace,
      scheduleId: 'cron:clean-identity',
    });
    assert.deepEqual(memo?.fields ?? {}, {});
    const sealed = payloadsIn(schedule?.action?.startWorkflow);
    assert.equal(sealed.length, 2, 'its argument and its summary');
    assert.deepEqual(unsealed(sealed), []);
  });
});

describe('what Temporal stores of a workflow', () => {
  const plant = `planted-${randomUUID()}`;
  const taskQueue = 'planted';
  const workflowId = 'the-id-stays-readable';
  let folder: string;
  let temporal: LocalTemporal;
  let bundle: { code: string };
  let history: History;
  let childHistory: History;
  let stopped = false;

  /** Runs the workflow to its end, with every message it takes, and reads its histories as they are stored. */
  async function run(): Promise<void> {
    const { address, namespace } = temporal;
    const connection = await Connection.connect({ address });
    const native = await connectWorker(address);
    try {
      const client = new Client({ connection, namespace, dataConverter: testDataConverter });
      const worker = await Worker.create({
        connection: native,
        namespace,
        taskQueue,
        workflowBundle: bundle,
        activities,
        dataConverter: testDataConverter,
      });
      await worker.runUntil(async () => {
        await client.schedule.create({
          scheduleId: 'planted',
          spec: {},
          memo: { planted: `${plant}-schedule-memo` },
          action: {
            type: 'startWorkflow',
            workflowType: 'plantChild',
            taskQueue,
            args: [`${plant}-schedule-argument`],
            staticSummary: `${plant}-schedule-summary`,
          },
        });
        const handle = await client.workflow.start('plantEverywhere', {
          workflowId,
          taskQueue,
          args: [plant],
          memo: { planted: `${plant}-memo` },
          staticSummary: `${plant}-summary`,
          staticDetails: `${plant}-static-details`,
        });
        assert.equal(await handle.query('plantQuery', `${plant}-query`), `${plant}-query`);
        assert.equal(
          await handle.executeUpdate('plantUpdate', { args: [`${plant}-update-argument`] }),
          `${plant}-update-result`,
        );
        await handle.signal('plantSignal', `${plant}-signal`);
        await assert.rejects(
          handle.result(),
          (error) =>
            error instanceof WorkflowFailedError &&
            error.cause instanceof ApplicationFailure &&
            error.cause.type === 'planted.end' &&
            error.cause.message === `${plant}-end-message` &&
            error.cause.details?.[0] === `${plant}-end-details`,
        );
        const { memo } = await handle.describe();
        assert.deepEqual(memo, { planted: `${plant}-memo-upserted` });
        history = await handle.fetchHistory();
        const child = history.events?.find((event) => event.childWorkflowExecutionStartedEventAttributes);
        const { workflowId: childId } =
          child?.childWorkflowExecutionStartedEventAttributes?.workflowExecution ?? {};
        childHistory = await client.workflow.getHandle(childId ?? '').fetchHistory();
      });
    } finally {
      await connection.close();
      await native.close();
    }
  }

  before(async () => {
    folder = await mkdtemp(join(await runFolder(), 'planted-'));
    temporal = await startOwnTemporal({}, { dbFile: join(folder, 'temporal.db') });
    bundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../test/support/planted-workflows.ts', import.meta.url)),
      failureConverterPath,
      logger,
    });
    await run();
  });
  after(async () => {
    if (!stopped) await temporal?.stop();
  });

  const replay = (dataConverter: DataConverter, one: History = history) =>
    Worker.runReplayHistory({ workflowBundle: bundle, dataConverter }, one, workflowId);
  const ring = (...keys: string[]) => dataConverterOf(parseKeyRing(keys.join(',')));
  const newer = `newer:${Buffer.alloc(32, 9).toString('base64')}`;

  it('holds nothing of arguments, results, failures, messages, memos and summaries', () => {
    for (const one of [history, childHistory]) {
      const bytes = Buffer.from(histories.v1.History.encode(one).finish());
      assert.ok(bytes.length > 1_000);
      assert.equal(bytes.includes('planted-'), false);
      // The SDK's core notes a local activity's type, number and time by itself; its result is sealed.
      const open = unsealed(one).filter((text) => !/^\{"seq":\d+,"attempt":\d,"activity_id"/.test(text));
      assert.deepEqual(open, []);
    }
    const { message, applicationFailureInfo } =
      history.events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure ?? {};
    assert.equal(message, 'Encoded failure');
    assert.equal(applicationFailureInfo?.type, 'planted.end', 'the type of a failure is a code');
  });

  it('is given back to an operator, and to nobody else', async () => {
    const api = await startTestApi(createCodecRoutes);
    try {
      const body = { payloads: [...payloadsIn(history), ...payloadsIn(childHistory)].map(jsonOf) };
      const decode = '/v1/codec/decode';
      const { owner } = await api.tenant();
      assert.equal((await api.client.post(decode, body)).status, 401);
      assert.equal((await api.client.as(owner).post(decode, body)).status, 403);
      const { status, body: decoded } = await api.client.as(await api.operator()).post(decode, body);
      assert.equal(status, 200);
      const values = (decoded.payloads as { data: string }[])
        .map(({ data }) => Buffer.from(data, 'base64').toString())
        .join('\n');
      const wanted = [
        'memo',
        'memo-upserted',
        'summary',
        'static-details',
        'activity-summary',
        'timer-summary',
        'signal',
        'update-argument',
        'update-result',
        'activity-argument',
        'activity-argument-result',
        'local-argument-result',
        'activity-failure',
        'activity-failure-message',
        'activity-failure-details',
        'activity-failure-cause',
        'local-failure-message',
        'child-argument',
        'child-memo',
        'child-argument-result',
        'child-argument-message',
        'end-message',
        'end-details',
      ];
      assert.deepEqual(
        wanted.filter((name) => !values.includes(`${plant}-${name}`)),
        [],
      );
      assert.match(values, /plantEverywhere \(|planted-workflows/, 'stacks were sealed with the messages');
    } finally {
      await api.close();
    }
  });

  it('replays with the ring that wrote it, and with a newer key in front', async () => {
    await replay(testDataConverter);
    await replay(ring(testEncryptionKeys, newer));
    await replay(ring(newer, testEncryptionKeys));
  });

  it('does not replay without its key', async () => {
    await assert.rejects(replay(ring(newer)), /not in the key ring|Encoded failure/);
  });

  it('does not replay when one payload was altered', async () => {
    const altered = histories.v1.History.decode(histories.v1.History.encode(history).finish());
    const scheduled = altered.events?.find((event) => event.activityTaskCompletedEventAttributes);
    const [payload] = scheduled?.activityTaskCompletedEventAttributes?.result?.payloads ?? [];
    assert.ok(payload?.data);
    payload.data[payload.data.length - 20] = (payload.data[payload.data.length - 20] ?? 0) ^ 1;
    await assert.rejects(replay(testDataConverter, altered), /altered|Encoded failure/);
  });

  it('is nowhere in the files of the service either', async () => {
    stopped = true;
    await temporal.stop();
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
    assert.ok(
      files.some((file) => file.includes(workflowId)),
      'what is in the clear can be found',
    );
    assert.equal(
      files.some((file) => file.includes(plant)),
      false,
    );
  });
});
