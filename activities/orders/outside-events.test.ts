import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { fulfillUnits, markShipped, moveFulfillment } from '../../db/orders/fulfillments.ts';
import { changeOrder } from '../../db/orders/open-order.ts';
import { system } from '../../db/orders/actor.ts';
import { openForWork, reserveOrder, settle, stepOf } from '../../db/orders/order-steps.ts';
import { reservePayment } from '../../db/orders/payments.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { onShipment, StoredOrders } from '../../test/support/stored-orders.ts';
import { ToldWebhooks } from '../../test/support/told-webhooks.ts';

const externalId = '820982911946154508';

function shopOrder(change: object = {}): object {
  return {
    id: externalId,
    currency: 'USD',
    financial_status: 'pending',
    cancelled_at: null,
    email: 'ada@example.com',
    shipping_address: { address1: 'Street 1', city: 'Town', country_code: 'US' },
    line_items: [{ id: 7, sku: 'POSTER', title: 'Poster', quantity: 2, price: '10.00' }],
    ...change,
  };
}

describe('What is told by webhook of orders', () => {
  let db: TestDatabase;
  let told: ToldWebhooks;
  before(async () => {
    db = await testDatabase({ of: ['orders', 'designs'] });
  });
  after(() => db?.close());
  beforeEach(() => {
    told = new ToldWebhooks(db.database);
  });

  const tell = (type: string, content: unknown, data: Record<string, unknown>) =>
    told.tell(type, content, data);
  const theOrder = () => told.order();
  const eventsOf = (type: string) => told.events(type);
  const fromShop = (type: string, at: string, change: object = {}) =>
    tell(type, shopOrder(change), {
      provider: 'shopify',
      topic: 'orders/x',
      entity: { kind: 'order', external_id: externalId },
      occurred_at: at,
    });

  it('makes one order of what a shop tells, however often', async () => {
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z');
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z');
    const order = await theOrder();
    assert.deepEqual(
      [order.externalId, order.source, order.paymentStatus],
      [externalId, 'shopify', 'unpaid'],
    );
    assert.equal((await eventsOf('order.created')).length, 1);
  });

  it('lets the newest word hold, and notes what comes late', async () => {
    await fromShop('webhook.order_updated', '2026-11-28T11:00:00Z', { financial_status: 'paid' });
    await fromShop('webhook.stale', '2026-11-28T10:00:00Z', { cancelled_at: '2026-11-28T10:00:00Z' });
    const order = await theOrder();
    assert.deepEqual([order.status, order.paymentStatus], ['pending', 'paid']);
    assert.equal((await eventsOf('order.source_reported')).length, 2);
    await fromShop('webhook.order_updated', '2026-11-28T12:00:00Z', { cancelled_at: '2026-11-28T12:00:00Z' });
    assert.equal((await theOrder()).status, 'cancelled');
  });

  it('takes an order with the designs that its lines name, and holds one whose design nobody has', async () => {
    const designId = uuidv7();
    const change = (text: string, parameters: unknown[]) =>
      db.database.read('designs', ({ sql }) => sql(text, parameters));
    await change(
      `insert into designs.designs (id, tenant_id, name, tags, version, created_by)
       values ($1, $2, 'A tag', '{}', 2, $3)`,
      [designId, told.tenantId, uuidv7()],
    );
    const lineOf = (id: number, value: unknown) => ({
      id,
      sku: 'TAG',
      title: 'Tag',
      quantity: 1,
      price: '10.00',
      properties: [{ name: '_perdure_design', value }],
    });
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z', {
      line_items: [lineOf(1, designId.toUpperCase()), { ...lineOf(2, ''), properties: 'none' }],
    });
    const known = await theOrder();
    assert.deepEqual(
      known.lines.map(({ design }) => design),
      [{ id: designId, version: 2 }, null],
    );
    assert.equal(known.status, 'pending');

    told = new ToldWebhooks(db.database);
    const names = [`${designId}:1`, uuidv7(), 'a dog’s name'];
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z', {
      line_items: names.map((name, place) => lineOf(place + 1, name)),
    });
    const held = await theOrder();
    assert.deepEqual([held.status, held.holdReason], ['on_hold', 'design_unknown']);
    assert.ok(held.lines.every(({ design }) => design === null));
    assert.equal((await eventsOf('order.design_unknown')).length, 1);
    assert.equal((await eventsOf('order.held')).length, 1);
    await fromShop('webhook.order_updated', '2026-11-28T11:00:00Z', {
      line_items: names.map((name, place) => lineOf(place + 1, name)),
      cancelled_at: '2026-11-28T11:00:00Z',
    });
    assert.equal((await theOrder()).status, 'cancelled');
    assert.equal((await eventsOf('order.design_unknown')).length, 1);
  });

  it('lets nothing leave of what the shop has refunded whole, and has nobody refund it again', async () => {
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z', { financial_status: 'paid' });
    assert.equal((await theOrder()).paymentStatus, 'paid');
    await fromShop('webhook.order_updated', '2026-11-28T11:00:00Z', { financial_status: 'refunded' });
    const { status, paymentStatus } = await theOrder();
    assert.deepEqual([status, paymentStatus], ['cancelled', 'refunded']);
    assert.equal((await eventsOf('order.refund_due')).length, 0);
  });

  it('knows a payment by the name of the order that it bears', async () => {
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z');
    const content = { data: { object: { metadata: { order_id: externalId } } } };
    const facts = {
      provider: 'stripe',
      topic: 'payment_intent.succeeded',
      entity: { kind: 'payment_intent', external_id: 'pi_1' },
      amount_received: '2000',
      currency: 'usd',
    };
    await tell('webhook.payment_succeeded', content, facts);
    assert.equal((await theOrder()).paymentStatus, 'paid');
    assert.equal((await eventsOf('order.paid')).length, 1);
    await tell('webhook.payment_disputed', content, { ...facts, status: 'needs_response' });
    assert.equal((await theOrder()).paymentStatus, 'disputed');
    await tell('webhook.payment_disputed', content, { ...facts, status: 'won' });
    assert.equal((await theOrder()).paymentStatus, 'paid');
  });

  it('follows a carrier, who may come late, and keeps all that it says', async () => {
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z', { financial_status: 'paid' });
    const { id } = await theOrder();
    await db.database.transaction('orders', (transaction) =>
      changeOrder(transaction, told.tenantId, id, system, async (open) => {
        await reserveOrder(open);
        openForWork(open);
        const lineId = open.order.lines[0]?.id ?? '';
        for (const one of await fulfillUnits(open, [{ lineId, quantity: 2 }])) {
          one.trackingNumber = 'EZ1';
          moveFulfillment(open, one, 'packed');
          await markShipped(open, one);
        }
      }),
    );
    const says = (type: string, status: string, at: string) =>
      tell(
        type,
        {},
        {
          provider: 'easypost',
          topic: 'tracker.updated',
          entity: { kind: 'tracker', external_id: 'trk_1' },
          tracking_code: 'EZ1',
          status,
          occurred_at: at,
        },
      );
    await says('webhook.tracking_updated', 'delivered', '2026-11-28T14:00:00Z');
    await says('webhook.stale', 'in_transit', '2026-11-28T13:00:00Z');
    await says('webhook.tracking_updated', 'unknown', '2026-11-28T15:00:00Z');
    const order = await theOrder();
    assert.deepEqual([order.status, order.fulfillments[0]?.trackingStatus], ['delivered', 'delivered']);
    assert.equal((await eventsOf('shipment.updated')).length, 2);
    assert.equal((await eventsOf('order.delivered')).length, 1);
    const late = shopOrder({ cancelled_at: '2026-11-28T16:00:00Z' });
    await tell('webhook.order_updated', late, {
      provider: 'shopify',
      topic: 'orders/cancelled',
      entity: { kind: 'order', external_id: externalId },
      occurred_at: '2026-11-28T16:00:00Z',
    });
    assert.equal((await theOrder()).status, 'delivered', 'what has left is not cancelled');
  });

  it('follows all packages that travel under one number', async () => {
    await fromShop('webhook.order_created', '2026-11-28T10:00:00Z', { financial_status: 'paid' });
    const { id } = await theOrder();
    await db.database.transaction('orders', (transaction) =>
      changeOrder(transaction, told.tenantId, id, system, async (open) => {
        await reserveOrder(open);
        openForWork(open);
        const lineId = open.order.lines[0]?.id ?? '';
        for (const quantity of [1, 1])
          for (const one of await fulfillUnits(open, [{ lineId, quantity }])) {
            one.trackingNumber = 'EZ2';
            moveFulfillment(open, one, 'packed');
            await markShipped(open, one);
          }
      }),
    );
    await tell(
      'webhook.tracking_updated',
      {},
      {
        provider: 'easypost',
        topic: 'tracker.updated',
        entity: { kind: 'tracker', external_id: 'trk_2' },
        tracking_code: 'EZ2',
        status: 'delivered',
        occurred_at: '2026-11-28T14:00:00Z',
      },
    );
    assert.equal((await theOrder()).status, 'delivered');
  });

  it('asks the processor again about a payment that waits for its customer', async () => {
    const orders = new StoredOrders(db.database, told.tenantId);
    const { id } = await orders.place({ payment: onShipment });
    await orders.change(id, reserveOrder);
    await orders.change(id, async (open) => {
      const { id: paymentId } = reservePayment(open, {
        kind: 'authorize',
        key: 'a',
        amount: 3_490n,
        parentId: null,
      });
      await settle(open, paymentId, { outcome: 'action_required', reference: 'pi_3ds', action: 'sealed' });
    });
    await tell(
      'webhook.payment_authorized',
      {},
      {
        provider: 'stripe',
        topic: 'payment_intent.amount_capturable_updated',
        entity: { kind: 'payment_intent', external_id: 'pi_3ds' },
        currency: 'eur',
      },
    );
    const order = await theOrder();
    assert.equal(order.payments[0]?.state, 'unknown', 'it is to be looked up');
    assert.equal(stepOf(order).step, 'resolvePayment');
    assert.equal((await eventsOf('order.payment_changed')).length, 1);
  });
});
