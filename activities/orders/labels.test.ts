import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { splitOrder } from '../../db/orders/fulfillments.ts';
import { amendOrder } from '../../db/orders/amend-order.ts';
import { cancelOrder } from '../../db/orders/order-commands.ts';
import type { Order } from '../../db/orders/order.ts';
import { mostLabelTries } from '../../domain/orders/label-retry.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { TestCarrier, TestProcessor } from '../../test/support/order-outside.ts';
import { onShipment, settled, StoredOrders } from '../../test/support/stored-orders.ts';
import type { OrderActivities } from '../../workflows/orders/messages.ts';
import { createOrderActivities } from './order.activities.ts';

describe('Labels, also of a carrier that is away', () => {
  let db: TestDatabase;
  let orders: StoredOrders;
  let carrier: TestCarrier;
  let processor: TestProcessor;
  let activities: OrderActivities;
  before(async () => {
    db = await testDatabase({ of: ['orders'] });
  });
  after(() => db?.close());
  beforeEach(async () => {
    orders = new StoredOrders(db.database, uuidv7());
    await orders.sendByCarrier();
    carrier = new TestCarrier();
    carrier.isAway = true;
    processor = new TestProcessor();
    activities = createOrderActivities({ database: db.database, payments: processor, carrier });
  });

  const packed = async () => {
    const { id } = await orders.worked({
      payment: onShipment,
      shippingAddress: { line1: 'Street 1', city: 'Town', country: 'DE' },
    });
    await orders.change(id, (open) => settled(open, 'authorize', 3_490n));
    const order = await orders.change(id, splitOrder);
    const fulfillmentId = order.fulfillments[0]?.id ?? '';
    return { orderId: id, tenantId: orders.tenantId, fulfillmentId };
  };
  const read = (orderId: string): Promise<Order> => orders.change(orderId, () => undefined);

  it('is tried again later, and the order waits for that', async () => {
    const input = await packed();
    await assert.rejects(activities.buyLabel(input));
    const { next } = await activities.postponeLabel(input);
    assert.ok(next.step === 'wait' && next.next === 'readOrder' && (next.seconds ?? 0) > 0);
  });

  it('is given up after many tries, and the label that it may have sold is found and given back', async () => {
    const input = await packed();
    await assert.rejects(activities.buyLabel(input));
    for (let tries = 1; tries < mostLabelTries; tries += 1) await activities.postponeLabel(input);
    const failed = await activities.postponeLabel(input);
    assert.deepEqual([failed.status, failed.next.step], ['failed', 'voidPayment'], 'the money first');
    assert.equal((await activities.voidPayment(input)).next.step, 'voidLabel');
    carrier.isAway = false;
    assert.equal((await activities.voidLabel(input)).next.step, 'end');
    assert.equal(carrier.voided.size, 1);
    assert.equal((await read(input.orderId)).fulfillments[0]?.labelState, 'voided');
  });

  it('holds up no money of an order that is cancelled', async () => {
    const input = await packed();
    carrier.isAway = false;
    await activities.buyLabel(input);
    await orders.change(input.orderId, (open) => cancelOrder(open, 'a_test'));
    assert.equal((await activities.readOrder(input)).next.step, 'voidPayment');
    assert.equal((await activities.voidPayment(input)).next.step, 'voidLabel');
    const { next } = await activities.postponeLabel(input);
    assert.ok(next.step === 'wait' && next.next === 'readOrder');
    assert.equal((await read(input.orderId)).paymentStatus, 'voided');
  });

  it('sells another label when the address changes before the package has left, which is paid once', async () => {
    const input = await packed();
    carrier.isAway = false;
    await activities.buyLabel(input);
    processor.loses.set('capture', 1);
    await assert.rejects(activities.shipFulfillment(input));
    const shippingAddress = { line1: 'Road 9', city: 'Village', country: 'DE' };
    const { fulfillments } = await orders.change(input.orderId, (open) =>
      amendOrder(open, { lines: [], removeMissing: false, shippingAddress }),
    );
    const [old, anew] = fulfillments;
    assert.ok(old && anew);
    assert.deepEqual([old.status, anew.status, anew.lines], ['cancelled', 'allocated', old.lines]);
    const known = (await activities.readOrder(input)).next;
    assert.ok(known.step === 'resolvePayment');
    assert.equal((await activities.resolvePayment({ ...input, ...known })).next.step, 'voidLabel');
    assert.equal((await activities.voidLabel(input)).next.step, 'buyLabel');
    const of = { ...input, fulfillmentId: anew.id };
    await activities.buyLabel(of);
    assert.equal((await activities.shipFulfillment(of)).status, 'shipped');
    assert.deepEqual([...carrier.streets], ['Street 1', 'Road 9']);
    assert.deepEqual([carrier.voided.size, processor.effects('capture')], [1, [3_490n]]);
  });

  it('is kept once, also when the answer comes late to a worker that was thought lost', async () => {
    for (const isGivenBack of [false, true]) {
      const input = await packed();
      carrier.isAway = false;
      const { promise: thawed, resolve: thaw } = Promise.withResolvers<undefined>();
      const { promise: asked, resolve: tell } = Promise.withResolvers<undefined>();
      const slow = new TestCarrier();
      slow.buyLabel = async (parcel) => {
        const label = await carrier.buyLabel(parcel);
        tell(undefined);
        await thawed;
        return label;
      };
      const frozen = createOrderActivities({ database: db.database, payments: processor, carrier: slow });
      const late = frozen.buyLabel(input);
      await asked;
      await activities.buyLabel(input);
      if (isGivenBack) {
        await orders.change(input.orderId, (open) => cancelOrder(open, 'a_test'));
        await activities.voidPayment(input);
        await activities.voidLabel(input);
      }
      thaw(undefined);
      await late;
      const told = await db.database.read('orders', ({ sql }) =>
        sql(`select 1 from orders.outbox where subject = $1 and type = 'order.external_ids_added'`, [
          `order:${input.orderId}`,
        ]),
      );
      const [one] = (await read(input.orderId)).fulfillments;
      assert.deepEqual([told.length, one?.labelState], [1, isGivenBack ? 'voided' : 'bought']);
    }
  });
});
