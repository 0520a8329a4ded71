import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { phonesCsv } from '../../test/support/batches.ts';
import { dataConverterOf } from '../../temporal.config.ts';
import { sealingOf } from '../../test/support/encryption.ts';
import { keepHistory } from '../../test/support/histories.ts';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type SearchSystem,
} from '../../test/support/search-system.ts';
import { startOwnTemporal, untilCompleted } from '../../test/support/temporal.ts';
import { until } from '../../test/support/until.ts';
import type { LocalTemporal } from '../../platform/local/temporal.ts';
import { processStatusAttribute, tenantIdAttribute } from '../search-attributes.ts';
import { RangeQueue } from './range-queue.ts';

describe('The workflow of a batch', () => {
  let temporal: LocalTemporal;
  let system: SearchSystem;
  let connection: Connection;
  let client: Client;
  before(async () => {
    // Suggests a new run after so few events, which otherwise takes thousands.
    temporal = await startOwnTemporal({ 'limit.historyCount.suggestContinueAsNew': 60 });
    connection = await Connection.connect({ address: temporal.address });
    system = await startSearchSystem({ temporal });
    const { config, database } = system.api.services;
    const dataConverter = dataConverterOf(config.ENCRYPTION_KEYS, sealingOf(database));
    client = new Client({ connection, namespace: temporal.namespace, dataConverter });
  });
  after(async () => {
    await system?.close();
    await connection?.close();
    await temporal?.stop();
  });

  it('goes on in a new run, again and again, under a storm of commands, and loses none', async () => {
    const tenant = await system.api.tenant();
    const member = system.api.client.as(tenant.member);
    const { body } = await member.post('/v1/batches', formOf(phonesCsv(4_000), 'a.csv', { kind: 'phone' }));
    const address = `/v1/batches/${body.id}`;
    await untilStateAt(member, address, ['searching']);
    for (let storm = 0; storm < 25; storm += 1) {
      assert.equal((await member.post(`${address}/pause`)).body.state, 'paused');
      assert.equal((await member.patch(address, { priority: (storm % 5) + 1 })).status, 200);
      assert.equal((await member.post(`${address}/resume`)).body.state, 'searching');
    }
    const batch = await untilStateAt(member, address, ['completed']);
    const { found, not_found, failed, skipped } = batch.progress;
    assert.equal(found + not_found + failed + skipped, 4_000);
    const lines = ((await member.get(batch.results.ndjson)).body as string).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).row),
      Array.from({ length: 4_000 }, (_, index) => index + 1),
    );
    const runs = await until(async () => {
      const all = await Array.fromAsync(client.workflow.list({ query: `WorkflowId = 'batch:${body.id}'` }));
      return all.some(({ status }) => status.name === 'COMPLETED') ? all : null;
    });
    assert.ok(runs.length > 1, `there was ${runs.length} run`);
    const [first] = runs.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
    await keepHistory(
      client,
      system.api.services.database,
      `batch:${body.id}`,
      'runBatch/continued-at-hand',
      first?.runId,
    );
  });

  it('can be found and read in the Web UI', async () => {
    const tenant = await system.api.tenant();
    const member = system.api.client.as(tenant.member);
    const { body } = await member.post(
      '/v1/batches',
      formOf(phonesCsv(120), 'b.csv', { kind: 'phone', priority: '2' }),
    );
    await untilStateAt(member, `/v1/batches/${body.id}`, ['completed']);
    const handle = client.workflow.getHandle(`batch:${body.id}`);
    await untilCompleted(client, `batch:${body.id}`);
    const described = await handle.describe();
    assert.equal(described.typedSearchAttributes.get(tenantIdAttribute), tenant.id);
    assert.equal(described.typedSearchAttributes.get(processStatusAttribute), 'completed');
    assert.equal(await described.staticSummary(), 'Batch search');
    assert.equal(described.priority?.priorityKey, 2);
    assert.equal(described.priority?.fairnessKey, tenant.id);
    const { events } = await handle.fetchHistory();
    const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
    assert.ok(scheduled.length > 0 && scheduled.every(({ userMetadata }) => userMetadata?.summary));
    await keepHistory(client, system.api.services.database, `batch:${body.id}`, 'runBatch/straight-at-hand');
  });

  it('of few rows, which asks nobody outside, is one task', async () => {
    const tenant = await system.api.tenant();
    const member = system.api.client.as(tenant.member);
    const { body } = await member.post('/v1/batches', formOf(phonesCsv(100), 'c.csv', { kind: 'phone' }));
    const batch = await untilStateAt(member, `/v1/batches/${body.id}`, ['completed']);
    assert.equal(batch.progress.pending, 0);
    await untilCompleted(client, `batch:${body.id}`);
    const { events } = await client.workflow.getHandle(`batch:${body.id}`).fetchHistory();
    const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
    const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
    assert.deepEqual([tasks.length, scheduled.length], [1, 0]);
    await keepHistory(client, system.api.services.database, `batch:${body.id}`, 'runBatch/small-at-hand');
  });

  it('hands rows out in pieces that fit the time they take', () => {
    const queue = new RangeQueue([
      { from: 1, to: 10_000 },
      { from: 20_001, to: 20_010 },
    ]);
    assert.deepEqual(queue.take(), { from: 1, to: 500 });
    queue.learn(500, 5);
    assert.deepEqual(queue.take(), { from: 501, to: 800 });
    queue.giveBack({ from: 700, to: 800 });
    queue.learn(199, 0.001);
    assert.deepEqual(queue.take(), { from: 700, to: 800 });
    assert.deepEqual(queue.take(), { from: 801, to: 2_000 });
    for (let piece = queue.take(); piece && piece.to < 20_000; piece = queue.take());
    assert.ok(queue.isEmpty);
    assert.equal(queue.take(), null);
  });
});
