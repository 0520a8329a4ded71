import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { Failure } from '../../domain/failure.ts';
import { elsewhere, StoredOrders } from '../../test/support/stored-orders.ts';
import type { NewOrder } from './create-order.ts';
import { callOff, fulfillUnits, markShipped, moveFulfillment, splitOrder, track } from './fulfillments.ts';
import type { OpenOrder } from './open-order.ts';
import { amendOrder } from './amend-order.ts';
import { cancelOrder } from './order-commands.ts';
import { failFulfillment, openForWork, reserveOrder } from './order-steps.ts';
import { OrderRepository } from './order.repository.ts';
import { reserveRefund } from './refunds.ts';
import { reservePayment, settlePayment } from './payments.ts';
import { releaseStock } from './reservations.ts';
import { StockRepository } from './stock.repository.ts';
import { eraseTenantFromOrders } from './tenant-erasure.ts';

describe('Orders in the database', () => {
  let db: TestDatabase;
  let orders: StoredOrders;
  let tenantId: string;
  before(async () => {
    db = await testDatabase({ of: ['orders'] });
  });
  after(() => db?.close());
  beforeEach(async () => {
    orders = new StoredOrders(db.database, uuidv7());
    ({ tenantId } = orders);
    await orders.stock('MUG', { berlin: 5 });
  });

  const paidElsewhere = { shipping: 0n, payment: elsewhere, externalPaid: 3_000n } as const;
  const place = (given: Partial<NewOrder> = {}) => orders.place({ ...paidElsewhere, ...given });
  const change = (id: string, work: (open: OpenOrder) => Promise<void> | void) => orders.change(id, work);
  const stockNow = async () => {
    const item = await db.database.read('orders', ({ sql }) => new StockRepository(sql, tenantId).get('MUG'));
    return item.locations.map(({ onHand, reserved }) => [onHand, reserved]);
  };
  const worked = () => orders.worked(paidElsewhere);
  const pack = async (open: OpenOrder, quantity: number) => {
    const [one] = await fulfillUnits(open, [{ lineId: open.order.lines[0]?.id ?? '', quantity }]);
    assert.ok(one);
    moveFulfillment(open, one, 'packed');
    return one;
  };

  it('keep the units of a package that was called off, and ship them in the next one', async () => {
    const { id } = await worked();
    await change(id, async (open) => callOff(open, await pack(open, 3), 'cancelled', 'a test'));
    assert.deepEqual(await stockNow(), [[5, 3]], 'still held');
    const shipped = await change(id, async (open) => markShipped(open, await pack(open, 3)));
    assert.equal(shipped.status, 'shipped');
    assert.deepEqual(await stockNow(), [[2, 0]]);
  });

  it('give back what is held and nothing else, however often', async () => {
    const fresh = await place();
    await change(fresh.id, (open) => releaseStock(open));
    assert.deepEqual(await stockNow(), [[5, 0]], 'nothing was held yet');
    const { id } = await worked();
    await change(id, async (open) => markShipped(open, await pack(open, 1)));
    await change(id, (open) => releaseStock(open));
    await change(id, (open) => releaseStock(open));
    assert.deepEqual(await stockNow(), [[4, 0]], 'what has left stays gone');
  });

  it('can be cancelled when the shelf is empty', async () => {
    const { id } = await worked();
    await db.database.transaction('orders', ({ sql }) =>
      new StockRepository(sql, tenantId).adjust('MUG', 'berlin', -2),
    );
    const cancelled = await change(id, (open) => cancelOrder(open, 'a test'));
    assert.equal(cancelled.status, 'cancelled');
    assert.deepEqual(await stockNow(), [[3, 0]]);
  });

  it('cancel what can no more leave once something has left, and go on', async () => {
    const { id } = await worked();
    await change(id, async (open) => markShipped(open, await pack(open, 1)));
    const problem = { code: 'orders.carrier_refused', message: 'No.' };
    const after = await change(id, async (open) => failFulfillment(open, await pack(open, 1), problem));
    assert.equal(after.status, 'shipped');
    assert.deepEqual([after.lines[0]?.cancelled, after.lines[0]?.shipped], [2, 1]);
    assert.deepEqual(await stockNow(), [[4, 0]]);
  });

  it('are amended to what is left, never below what is packed', async () => {
    const { id } = await worked();
    await change(id, (open) => pack(open, 2).then(() => undefined));
    const lower = (quantity: number) =>
      change(id, (open) =>
        amendOrder(open, {
          lines: [{ lineId: open.order.lines[0]?.id ?? '', quantity }],
          removeMissing: false,
        }),
      );
    await assert.rejects(
      lower(1),
      (error) => error instanceof Failure && error.code === 'orders.quantity_exceeded',
    );
    await lower(2);
    assert.deepEqual(await stockNow(), [[5, 2]]);
  });

  it('take a carrier at its word in whatever order it speaks, and are delivered once', async () => {
    const { id } = await worked();
    const shipped = await change(id, async (open) => markShipped(open, await pack(open, 3)));
    const say = (status: 'in_transit' | 'delivered', hour: number) =>
      change(id, async (open) => {
        const one = open.fulfillment(shipped.fulfillments[0]?.id ?? '');
        assert.ok(one);
        const occurredAt = new Date(Date.UTC(2026, 10, 28, hour)).toISOString();
        await track(open, one, { status, occurredAt, message: null, place: null });
      });
    await say('delivered', 12);
    await say('in_transit', 11);
    await say('delivered', 12);
    const order = await say('in_transit', 13);
    assert.deepEqual([order.status, order.fulfillments[0]?.trackingStatus], ['delivered', 'delivered']);
    const events = await db.database.read('orders', ({ sql }) =>
      sql<{ type: string; version: string }>(
        `select type, data ->> 'version' as version from orders.outbox where subject = $1 order by position`,
        [`order:${id}`],
      ),
    );
    assert.equal(events.filter(({ type }) => type === 'order.delivered').length, 1);
    assert.equal(events.filter(({ type }) => type === 'shipment.updated').length, 3);
    assert.deepEqual(
      events.map(({ version }) => Number(version)),
      events.map((_, index) => index + 1),
      'in order, without a gap',
    );
  });

  it('are one order for one external id, under twenty equal requests', async () => {
    const orders = await Promise.all(
      Array.from({ length: 20 }, () => place({ source: 'shop', externalId: '820982911946154508' })),
    );
    assert.equal(new Set(orders.map(({ id }) => id)).size, 1);
  });

  it('never give back more than was taken, however many ask at once', async () => {
    const { id } = await place();
    await change(id, (open) => {
      const { id: paymentId } = reservePayment(open, {
        kind: 'capture',
        key: 'c',
        amount: 3_000n,
        parentId: null,
      });
      settlePayment(open, paymentId, { outcome: 'succeeded', reference: 'r' });
    });
    const asked = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        change(
          id,
          (open) =>
            void reserveRefund(open, {
              key: `refund:${index}`,
              amount: 900n,
              cause: 'goodwill',
              lines: [],
              reason: null,
            }),
        ),
      ),
    );
    assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 3);
  });

  it('split into packages that add up to the price, to the last cent', async () => {
    const { id } = await place({
      lines: [
        {
          sku: 'MUG',
          title: 'Mug',
          quantity: 3,
          unitPrice: 333n,
          discount: 100n,
          tax: 1n,
          externalId: null,
          design: null,
        },
      ],
    });
    const order = await change(id, async (open) => {
      await reserveOrder(open);
      openForWork(open);
      await pack(open, 1);
      callOff(open, await pack(open, 1), 'cancelled', 'a test');
      await splitOrder(open);
    });
    const live = order.fulfillments.filter(({ status }) => status !== 'cancelled');
    assert.equal(
      live.reduce((sum, { amount }) => sum + amount, 0n),
      900n,
    );
  });

  it('are gone with their tenant, and leave the others’', async () => {
    const { id } = await worked();
    const other = uuidv7();
    const count = () =>
      db.database.transaction('orders', ({ sql }) => eraseTenantFromOrders(sql, other, 100));
    assert.equal(await count(), 0);
    await db.database.transaction('orders', async ({ sql }) => {
      await sql('delete from orders.outbox_deliveries');
      while ((await eraseTenantFromOrders(sql, tenantId, 100)) > 0);
      const left = await sql(
        'select 1 from orders.orders where id = $1 union all select 1 from orders.timeline where order_id = $1',
        [id],
      );
      assert.deepEqual(left.length, 0);
    });
    await assert.rejects(
      db.database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id)),
      (error) => error instanceof Failure && error.code === 'orders.order_not_found',
    );
  });
});
