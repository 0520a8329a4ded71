import assert from 'node:assert/strict';
import { createOrderRoutes } from '../../api/orders/routes.ts';
import type { StripeSimulator } from '../../platform/local/stripe/simulator.ts';
import type { SimulatedIntent } from '../../platform/local/stripe/payment-intents.ts';
import type { FaultKind } from '../../platform/local/simulator/faults.ts';
import { startTestApi, type ApiClient } from '../support/api.ts';
import {
  orderOf,
  startOrdersSystem,
  untilOrder,
  type OrderBody,
  type OrdersSystem,
} from '../support/orders-system.ts';
import { startTestStripe, stripeList } from '../support/stripe.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';

describe('Orders that are paid through Stripe, simulated', function () {
  this.timeout(180_000);
  let stripe: StripeSimulator;
  let system: OrdersSystem;
  let member: ApiClient;
  before(async () => {
    stripe = await startTestStripe();
    system = await startOrdersSystem({ stripeUrl: stripe.url });
  });
  after(async () => {
    await system?.close();
    await stripe?.stop();
  });
  beforeEach(async () => {
    member = system.api.client.as((await system.api.tenant()).member);
    stripe.faults.clear();
    await member.post('/v1/stock', { sku: 'MUG', title: 'Mug', price: '1000', currency: 'EUR' });
    await member.put('/v1/stock/MUG/locations/berlin', { on_hand: 5 });
  });

  const place = async (payment: object = {}, change: object = {}): Promise<OrderBody> => {
    const terms = { mode: 'processor', method: 'pm_card_visa', ...payment };
    const { status, body } = await member.post('/v1/orders', orderOf({ payment: terms, ...change }));
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const manual = { fulfillment: 'manual' };
  const ship = async (order: OrderBody, quantity: number) => {
    const lines = [{ line_id: order.lines[0].id, quantity }];
    const { status, body } = await member.post(`/v1/orders/${order.id}/fulfillments`, { lines });
    assert.equal(status, 200, JSON.stringify(body));
  };
  const available = async (): Promise<number> =>
    (await member.get('/v1/stock/MUG')).body.locations[0].available;
  /** What Stripe holds of an order. There is one authorisation, however often it was asked for. */
  const heldBy = async (order: OrderBody): Promise<SimulatedIntent> => {
    const intents = await stripeList<SimulatedIntent>(stripe.url, 'payment_intents?limit=100');
    const own = intents.filter(({ metadata }) => metadata['order_id'] === order.id);
    assert.equal(own.length, 1);
    return own[0] as SimulatedIntent;
  };
  const refundsOf = async (intent: SimulatedIntent): Promise<number[]> =>
    (await stripeList<{ amount: number }>(stripe.url, `refunds?payment_intent=${intent.id}`)).map(
      ({ amount }) => amount,
    );
  const fault = (kind: FaultKind, method: 'GET' | 'POST', path: string) =>
    stripe.faults.add({ kind, method, path, times: 1, after: 0, status: 500, milliseconds: 0 });
  const timelineCount = async (order: OrderBody, type: string): Promise<number> => {
    const { body } = await member.get(`/v1/orders/${order.id}/timeline`, { query: { limit: '200' } });
    return body.items.filter((entry: { type: string }) => entry.type === type).length;
  };

  it('holds the money, takes it package by package, and gives back what is returned', async () => {
    const order = await place({}, manual);
    await untilOrder(member, order.id, ({ totals }) => totals.authorized === '3490');
    await untilOrder(member, order.id, 'processing');
    assert.deepEqual(
      [(await heldBy(order)).status, (await heldBy(order)).amount],
      ['requires_capture', 3490],
    );
    await ship(order, 2);
    await untilOrder(member, order.id, 'partially_shipped');
    assert.equal((await heldBy(order)).amount_received, 2490);
    await ship(order, 1);
    const shipped = await untilOrder(member, order.id, 'shipped');
    assert.equal(shipped.payment_status, 'paid');
    const taken = await heldBy(order);
    assert.deepEqual([taken.status, taken.amount_received], ['succeeded', 3490]);
    for (const { id } of shipped.fulfillments)
      await member.post(`/v1/orders/${order.id}/fulfillments/${id}/tracking`, {
        status: 'delivered',
        occurred_at: '2026-11-28T10:00:00Z',
      });
    await untilOrder(member, order.id, 'completed');
    const lines = [{ line_id: order.lines[0].id, quantity: 2 }];
    const { body: asked } = await member.post(`/v1/orders/${order.id}/returns`, { lines });
    await member.post(`/v1/returns/${asked.id}/approve`);
    fault('lose', 'POST', '/v1/refunds');
    const received = await member.post(`/v1/returns/${asked.id}/receive`, { lines });
    assert.equal(received.status, 200, JSON.stringify(received.body));
    await untilCompleted(await temporalClient(), `return:${asked.id}`);
    // Of each capture what was taken with it, once.
    assert.deepEqual(await refundsOf(taken), [1000, 1000]);
    assert.deepEqual(stripe.faults.waiting, []);
    assert.equal((await untilOrder(member, order.id, 'completed')).payment_status, 'partially_refunded');
  });

  it('lets go of what is held, and gives back what was taken, when an order is cancelled', async () => {
    const held = await place({}, manual);
    await untilOrder(member, held.id, ({ totals }) => totals.authorized === '3490');
    await member.post(`/v1/orders/${held.id}/cancel`);
    await untilOrder(member, held.id, ({ payment_status: now }) => now === 'voided');
    const voided = await heldBy(held);
    assert.deepEqual([voided.status, voided.amount_received], ['canceled', 0]);
    const paid = await place({ capture: 'immediately' }, manual);
    await untilOrder(member, paid.id, ({ payment_status: now }) => now === 'paid');
    assert.equal((await member.post(`/v1/orders/${paid.id}/cancel`)).body.status, 'cancelled');
    await untilOrder(member, paid.id, ({ payment_status: now }) => now === 'refunded');
    await untilCompleted(await temporalClient(), `order:${paid.id}`);
    assert.deepEqual(await refundsOf(await heldBy(paid)), [3490]);
    assert.equal(await available(), 5);
  });

  it('fails when the card is declined, and frees the stock', async () => {
    const order = await place({ method: 'pm_card_chargeDeclinedInsufficientFunds' });
    const failed = await untilOrder(member, order.id, 'failed');
    assert.equal(failed.payment_status, 'failed');
    assert.equal(failed.problem.code, 'orders.payment_declined');
    await untilCompleted(await temporalClient(), `order:${order.id}`);
    assert.equal((await heldBy(order)).amount_received, 0);
    assert.equal(await available(), 5);
  });

  it('looks up what an answer was lost of, and takes the money once', async () => {
    fault('lose', 'POST', '/v1/payment_intents');
    const order = await place({}, manual);
    await untilOrder(member, order.id, ({ totals }) => totals.authorized === '3490');
    await untilOrder(member, order.id, 'processing');
    assert.equal((await heldBy(order)).status, 'requires_capture');
    fault('lose', 'POST', `/v1/payment_intents/${(await heldBy(order)).id}/capture`);
    // The first look-up comes to nothing either.
    fault('error', 'GET', '/v1/payment_intents/');
    await ship(order, 1);
    await untilOrder(member, order.id, 'partially_shipped');
    assert.deepEqual(stripe.faults.waiting, [], 'all of it has happened');
    // More is held than was taken: a second capture would have been possible.
    const taken = await heldBy(order);
    assert.deepEqual([taken.amount_received, taken.amount_capturable], [1490, 2000]);
    assert.equal(await timelineCount(order, 'order.payment_captured'), 1);
    assert.equal(await timelineCount(order, 'order.payment_authorized'), 1);
  });
});

describe('Orders without a payment processor', () => {
  it('are refused at once when we should take the money, and placed when it was paid elsewhere', async () => {
    const api = await startTestApi(createOrderRoutes, {
      env: { STRIPE_SECRET_KEY: '', STRIPE_API_URL: '' },
    });
    try {
      const member = api.client.as((await api.tenant()).member);
      const refused = await member.post('/v1/orders', orderOf());
      assert.deepEqual(
        [refused.status, refused.body.code, refused.body.issues?.[0]?.pointer],
        [422, 'orders.processor_missing', '/body/payment/mode'],
      );
      const placed = await member.post(
        '/v1/orders',
        orderOf({ payment: { mode: 'external', paid: '3490' } }),
      );
      assert.equal(placed.status, 201, JSON.stringify(placed.body));
      const again = `/v1/orders/${placed.body.id}/reorder`;
      const method = await member.post(again, { method: 'pm_card_visa' });
      assert.deepEqual([method.status, method.body.code], [422, 'orders.processor_missing']);
      assert.equal((await member.post(again, {})).status, 201);
      assert.equal(
        (await member.get('/v1/orders')).body.items.length,
        2,
        'nothing is left of what was refused',
      );
    } finally {
      await api.close();
    }
  });
});
