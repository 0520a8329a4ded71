import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { claimDeliveries } from '../../db/webhooks/claims.ts';
import { fanOut } from '../../db/webhooks/fan-out.ts';
import { noteLost, settle } from '../../db/webhooks/results.ts';
import { Sender } from '../../services/webhooks/sender.ts';
import { startEndpointSystem, untilAttempts, type EndpointSystem } from '../support/endpoint-system.ts';
import { until } from '../support/until.ts';

const batches = { event_types: ['batch.*'] };

describe('endpoints when something breaks', function () {
  this.timeout(180_000);
  let system: EndpointSystem;
  beforeEach(async () => {
    system = await startEndpointSystem({ withoutWorkers: true });
  });
  afterEach(() => system?.close());

  it('keep nothing of what a sender says whose claim was taken over', async () => {
    const { id } = await system.endpoint('/late', batches);
    const { database, config } = system.api.services;
    await database.transaction('webhooks', (transaction) =>
      fanOut(transaction, [
        {
          id: uuidv7(),
          tenantId: system.tenant.id,
          type: 'batch.submitted',
          subject: 'batch:1',
          occurredAt: new Date().toISOString(),
          operational: false,
          about: null,
          traceId: null,
          bodies: { 1: '{}' },
        },
      ]),
    );
    const claim = () =>
      database.transaction('webhooks', async ({ sql }) => {
        const { deliveries } = await claimDeliveries(sql, new Map(), 10, '');
        await noteLost(sql, deliveries);
        return deliveries;
      });
    const [first] = await claim();
    assert.ok(first);
    assert.deepEqual(await claim(), []);
    await system.pass(id);
    const [second] = await claim();
    assert.ok(second);
    assert.deepEqual([second.messageId, second.attempt], [first.messageId, 2]);

    const sender = new Sender({
      keys: config.ENCRYPTION_KEYS,
      allowPrivate: config.OUTBOUND_ALLOW_PRIVATE,
    });
    try {
      const late = await sender.send(first);
      const lost = await database.transaction('webhooks', (transaction) => settle(transaction, [late]));
      assert.deepEqual(lost, [first]);
      assert.equal((await system.deliveries(id))[0]?.state, 'pending');
      const inTime = await sender.send(second);
      assert.deepEqual(
        await database.transaction('webhooks', (transaction) => settle(transaction, [inTime])),
        [],
      );
    } finally {
      await sender.close();
    }
    assert.equal((await system.deliveries(id))[0]?.state, 'delivered');
    const attempts = (await system.attempts(id)).map(({ number, outcome }) => `${number} ${outcome}`);
    assert.deepEqual(attempts.toSorted(), ['1 lost', '2 delivered']);
  });

  it('get a message again under the same ID when its sender is killed before it has noted the answer', async () => {
    const { id } = await system.endpoint('/killed', batches);
    const worker = await system.startWorkerProcess();
    let first = true;
    system.receiver.reply = async () => {
      if (!first) return 200;
      first = false;
      worker.kill();
      await worker.exited;
      return 200;
    };
    await system.happen();
    await until(() => system.receiver.at('/killed').length === 1);
    await worker.exited;
    const [under] = await system.deliveries(id);
    assert.deepEqual([under?.state, under?.attempts, under?.['under_way']], ['pending', 1, true]);
    await system.startWorkers();
    // The claim of the dead one runs out.
    await system.pass(id);
    await until(async () => (await system.deliveries(id))[0]?.state === 'delivered');
    const received = system.receiver.at('/killed');
    assert.equal(received.length, 2);
    assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.equal(new Set(received.map(({ body }) => body)).size, 1);
    const attempts = await untilAttempts(system, id, 2);
    assert.deepEqual(attempts.map(({ number, outcome }) => `${number} ${outcome}`).toSorted(), [
      '1 lost',
      '2 delivered',
    ]);
  });

  it('that hang are given up after 15 seconds, and slow no other', async () => {
    const hanging = await system.endpoint('/hanging', batches);
    const other = await system.endpoint('/other', batches);
    system.receiver.reply = ({ path }) => (path === '/hanging' ? 'hang' : 200);
    await system.startWorkers();
    await Promise.all(Array.from({ length: 20 }, () => system.happen()));
    await until(async () => {
      const deliveries = await system.deliveries(other.id);
      return deliveries.length === 20 && deliveries.every(({ state }) => state === 'delivered');
    });
    // All of that while those to the other hang.
    assert.deepEqual(await system.attempts(hanging.id), []);
    const under = (await system.deliveries(hanging.id)).filter((delivery) => delivery['under_way']);
    assert.ok(under.length >= 1 && under.length <= 10, `${under.length} under way`);
    const [attempt] = await untilAttempts(system, hanging.id, 1);
    assert.equal(attempt?.problem, 'timeout');
    assert.ok(attempt.milliseconds >= 14_900, `${attempt.milliseconds} ms`);
  });
});
