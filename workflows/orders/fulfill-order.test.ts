import { Client, Connection } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { splitOrder } from '../../db/orders/fulfillments.ts';
import { amendOrder } from '../../db/orders/amend-order.ts';
import { cancelOrder, holdOrder, releaseOrder } from '../../db/orders/order-commands.ts';
import type { Order } from '../../db/orders/order.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { StockRepository } from '../../db/orders/stock.repository.ts';
import { Failure } from '../../domain/failure.ts';
import type { LocalTemporal } from '../../platform/local/temporal.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { testDataConverter } from '../../test/support/encryption.ts';
import { keepHistory } from '../../test/support/histories.ts';
import { OrderProcesses } from '../../test/support/order-processes.ts';
import { deliver, elsewhere, lineOf, onShipment, StoredOrders } from '../../test/support/stored-orders.ts';
import { connectWorker, startOwnTemporal, untilCompleted } from '../../test/support/temporal.ts';
import { until } from '../../test/support/until.ts';

/** A new run is suggested after so few events, which otherwise takes thousands. */
const suggested = 60;
const address = { line1: 'Street 1', city: 'Town', country: 'DE' };

describe('The process of an order', function () {
  this.timeout(180_000);
  let temporal: LocalTemporal;
  let connection: Connection;
  let forWorkers: NativeConnection;
  let client: Client;
  let db: TestDatabase;
  let processes: OrderProcesses;
  let orders: StoredOrders;
  before(async () => {
    temporal = await startOwnTemporal({ 'limit.historyCount.suggestContinueAsNew': suggested });
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection, namespace: temporal.namespace, dataConverter: testDataConverter });
    forWorkers = await connectWorker(temporal.address);
    db = await testDatabase({ of: ['orders'] });
  });
  after(async () => {
    await db?.close();
    await forWorkers?.close();
    await connection?.close();
    await temporal?.stop();
  });
  beforeEach(async () => {
    orders = new StoredOrders(db.database, uuidv7());
    processes = new OrderProcesses(client);
    await processes.run(db.database, forWorkers);
  });
  afterEach(() => processes.close());

  const read = (id: string): Promise<Order> =>
    db.database.read('orders', ({ sql }) => new OrderRepository(sql, orders.tenantId).get(id));
  const reserved = async (sku: string): Promise<number[]> =>
    await db.database.read('orders', async ({ sql }) =>
      (await new StockRepository(sql, orders.tenantId).get(sku)).locations.map((one) => one.reserved),
    );

  it('ends when its customer says nothing for three days: nothing is charged, and the stock is free', async () => {
    await orders.stock('MUG', { berlin: 5 });
    await orders.stock('RARE', { berlin: 1 });
    const { id, tenantId } = await orders.place({
      payment: onShipment,
      fulfillmentMode: 'automatic',
      actionSeconds: 3 * 86_400,
      lines: [lineOf(), lineOf({ sku: 'RARE', quantity: 2 })],
    });
    const workflowId = await processes.start({ id, tenantId }, { ahead: true });
    await untilCompleted(client, workflowId);
    const order = await read(id);
    assert.deepEqual([order.status, order.paymentStatus], ['timed_out', 'voided']);
    assert.deepEqual(processes.processor.effects('capture'), []);
    assert.deepEqual([await reserved('MUG'), await reserved('RARE')], [[0], [0]]);
    await assert.rejects(
      orders.change(id, (open) => amendOrder(open, { lines: [], removeMissing: true })),
      (error) => error instanceof Failure && error.code === 'orders.order_state',
    );
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const [timer] = (events ?? []).flatMap((event) => event.timerStartedEventAttributes ?? []);
    const days = Number(timer?.startToFireTimeout?.seconds ?? 0) / 86_400;
    assert.ok(days > 2.99 && days <= 3, `it waited ${days} days`);
  });

  it('ends when its customer does not confirm the payment, which is let go', async () => {
    const { id, tenantId } = await orders.place({ payment: { ...onShipment, method: 'to_confirm' } });
    await untilCompleted(client, await processes.start({ id, tenantId }, { ahead: true }));
    const order = await read(id);
    assert.deepEqual([order.status, order.paymentStatus], ['timed_out', 'voided']);
    assert.deepEqual(processes.processor.effects('void'), [3_490n]);
  });

  it('finds out at the deadline what nobody has told: a payment that was confirmed, a package that has arrived', async () => {
    const { processor, carrier } = processes;
    await orders.sendByCarrier();
    const { id, tenantId } = await orders.place({
      payment: { ...onShipment, method: 'to_confirm' },
      fulfillmentMode: 'automatic',
      shippingAddress: address,
    });
    const workflowId = await processes.start({ id, tenantId }, { ahead: false });
    await until(async () => ((await read(id)).status === 'customer_action_required' ? true : null));
    processor.confirm();
    // As if the deadline had come, which no webhook did.
    await orders.change(id, (open) => {
      open.order.deadlineAt = open.now;
      open.tell('order.note_added');
    });
    await processes.tell(workflowId);
    const shipped = await until(async () => {
      const order = await read(id);
      return order.status === 'shipped' ? order : null;
    });
    assert.deepEqual(processor.effects('capture'), [3_490n]);
    const number = shipped.fulfillments[0]?.trackingNumber ?? '';
    carrier.says.set(number, [
      { status: 'delivered', occurredAt: new Date().toISOString(), message: null, place: null },
    ]);
    // On a clock that jumps, a day of silence is over at once.
    await client.workflow.getHandle(workflowId).terminate('goes on ahead');
    await processes.start({ id, tenantId }, { ahead: true });
    await untilCompleted(client, workflowId);
    assert.equal((await read(id)).status, 'completed');
  });

  it('can be cancelled, and its money given back, while the carrier is away', async () => {
    const { processor, carrier } = processes;
    await orders.sendByCarrier();
    carrier.isAway = true;
    const { id, tenantId } = await orders.place({
      payment: { ...onShipment, capture: 'immediately' },
      fulfillmentMode: 'automatic',
      shippingAddress: address,
    });
    const workflowId = await processes.start({ id, tenantId }, { ahead: false });
    await until(async () => ((await read(id)).fulfillments[0]?.labelTries === 1 ? true : null));
    carrier.isAway = false;
    await orders.change(id, (open) => cancelOrder(open, 'asked_for'));
    await processes.tell(workflowId);
    await untilCompleted(client, workflowId);
    const order = await read(id);
    assert.deepEqual([order.status, order.paymentStatus], ['cancelled', 'refunded']);
    assert.deepEqual(processor.effects('refund'), [3_490n]);
    assert.equal(carrier.voided.size, 1, 'the label that was bought in spite of all is given back');
    await keepHistory(client, db.database, workflowId, 'fulfillOrder/carrier-away-at-hand');
  });

  it('leaves a step of its own to the server when that has failed three times', async () => {
    processes.failing = 4;
    const { id, tenantId } = await orders.place({ payment: elsewhere });
    const workflowId = await processes.start({ id, tenantId }, { ahead: false });
    await until(async () => (await read(id)).reservedAt);
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = (events ?? []).flatMap(
      ({ activityTaskScheduledEventAttributes: of }) => of?.activityType?.name ?? [],
    );
    assert.deepEqual(scheduled, ['readOrder']);
    await orders.change(id, (open) => cancelOrder(open, 'asked_for'));
    await processes.tell(workflowId);
    await untilCompleted(client, workflowId);
    assert.equal((await read(id)).status, 'cancelled');
    await keepHistory(client, db.database, workflowId, 'fulfillOrder/database-away');
  });

  it('goes on in a new run, again and again, when it is changed often, and loses no change', async () => {
    const { id, tenantId } = await orders.place({ payment: elsewhere, externalPaid: 3_490n });
    const workflowId = await processes.start({ id, tenantId }, { ahead: false });
    await until(async () => ((await read(id)).status === 'processing' ? true : null));
    const times = 20;
    for (let time = 0; time < times; time += 1) {
      await orders.change(id, (open) => holdOrder(open));
      await processes.tell(workflowId);
      await orders.change(id, releaseOrder);
      await processes.tell(workflowId);
    }
    await orders.change(id, splitOrder);
    await processes.tell(workflowId);
    await until(async () => ((await read(id)).status === 'shipped' ? true : null));
    await orders.change(id, async (open) => {
      for (const one of open.order.fulfillments) await deliver(open, one);
    });
    await processes.tell(workflowId);
    const runs = await until(async () => {
      const all = await Array.fromAsync(client.workflow.list({ query: `WorkflowId = '${workflowId}'` }));
      return all.some(({ status }) => status.name === 'COMPLETED') ? all : null;
    });
    assert.ok(runs.length > 1, `there was ${runs.length} run`);
    for (const { runId, historyLength } of runs)
      assert.ok(historyLength < 2 * suggested, `${historyLength} events in ${runId}`);
    assert.equal((await read(id)).status, 'completed');
    const timeline = await db.database.read('orders', ({ sql }) =>
      sql<{ revision: string; type: string }>(
        'select revision, type from orders.timeline where order_id = $1 order by revision',
        [id],
      ),
    );
    assert.deepEqual(
      timeline.map(({ revision }) => Number(revision)),
      timeline.map((_, index) => index + 1),
    );
    assert.equal(timeline.filter(({ type }) => type === 'order.held').length, times);
    const [first] = runs.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
    await keepHistory(client, db.database, workflowId, 'fulfillOrder/continued-at-hand', first?.runId);
  });
});
