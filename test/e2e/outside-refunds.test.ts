import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createOrderRoutes } from '../../api/orders/routes.ts';
import { createWebhookRoutes } from '../../api/webhooks/routes.ts';
import type { StripeSimulator } from '../../platform/local/stripe/simulator.ts';
import { freePort } from '../../platform/ports.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type TestApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { TestCarrier } from '../support/order-outside.ts';
import { orderOf, untilOrder } from '../support/orders-system.ts';
import { fromShopify, paidOrderWith, type SentWebhook } from '../support/senders.ts';
import { startTestStripe, stripeList } from '../support/stripe.ts';
import { temporalServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

describe('Refunds that a merchant makes elsewhere', function () {
  this.timeout(180_000);
  const secret = `whsec_${randomUUID()}`;
  const shop = 'refunds.myshopify.com';
  let api: TestApi;
  let stripe: StripeSimulator | undefined;
  let workers: RunningWorkers | undefined;
  let client: ApiClient;
  before(async () => {
    const port = await freePort();
    api = await startTestApi(
      (services) => [...createWebhookRoutes(services), ...createOrderRoutes(services)],
      {
        env: {
          LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
          STRIPE_API_URL: `http://127.0.0.1:${port}`,
        },
      },
    );
    stripe = await startTestStripe({ port, receiver: { url: `${api.url}/webhooks/stripe/payment`, secret } });
    // What is told is told twice.
    stripe.webhooks.repeat(2);
    const { address, namespace } = await temporalServer();
    workers = await startWorkers(
      api.services.config,
      { connection: { address }, namespace },
      ['webhooks', 'orders'],
      { carrier: new TestCarrier() },
    );
    client = api.client.as((await api.tenant()).owner);
    for (const source of [
      { kind: 'stripe', name: 'stripe', secret },
      { kind: 'shopify', name: 'shop', shop_domain: shop, secret },
    ])
      assert.equal((await client.post('/v1/webhook-sources', source)).status, 201);
  });
  after(async () => {
    await workers?.stop();
    await stripe?.stop();
    await api?.close();
  });

  /** As Stripe's dashboard does: without a key of ours. */
  const atStripe = async <T>(path: string, form: Record<string, string>): Promise<T> => {
    const response = await fetch(`${stripe?.url}/v1/${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_dashboard' },
      body: new URLSearchParams(form),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as T;
  };
  const refundsOf = async (id: string): Promise<Json[]> =>
    (await client.get(`/v1/orders/${id}/refunds`)).body.items;
  const toldOf = async (id: string, type: string): Promise<Json[]> => {
    const { body } = await client.get(`/v1/orders/${id}/timeline`, { query: { limit: '200' } });
    return body.items.filter((entry: Json) => entry.type === type);
  };

  it('are in the books of the order, and what is given back here is the rest', async () => {
    const terms = { mode: 'processor', method: 'pm_card_visa', capture: 'immediately' };
    const { body: order } = await client.post(
      '/v1/orders',
      orderOf({ payment: terms, fulfillment: 'manual' }),
    );
    await untilOrder(client, order.id, ({ payment_status: now }) => now === 'paid');
    const intents = await stripeList<{ id: string; metadata: Record<string, string> }>(
      stripe?.url ?? '',
      'payment_intents',
    );
    const payment = intents.find(({ metadata }) => metadata['order_id'] === order.id)?.id ?? '';
    const made = await atStripe<{ id: string }>('refunds', { payment_intent: payment, amount: '1000' });
    const known = await untilOrder(
      client,
      order.id,
      ({ payment_status: now }) => now === 'partially_refunded',
    );
    assert.equal(known.totals.refunded, '1000');
    assert.equal((await client.post(`/v1/orders/${order.id}/cancel`)).status, 200);
    await untilOrder(client, order.id, ({ payment_status: now }) => now === 'refunded');
    // All that Stripe tells of both is taken before it is looked at.
    await stripe?.webhooks.idle();
    await until(async () => {
      const { items } = (await client.get('/v1/webhooks/inbound', { query: { limit: '100' } })).body;
      return items.every(({ state }: Json) => state !== 'received') ? items : null;
    }, 60_000);
    const given = await stripeList<{ amount: number }>(
      stripe?.url ?? '',
      `refunds?payment_intent=${payment}`,
    );
    assert.deepEqual(
      given.map(({ amount }) => amount),
      [2_490, 1_000],
    );
    await until(async () => {
      const refunds = await refundsOf(order.id);
      const shown = refunds.map(({ cause, amount, state }) => `${cause} ${amount} ${state}`);
      return shown.join() === 'elsewhere 1000 settled,correction 2490 settled' ? shown : null;
    });
    // By name, also where the sum of all refunds was told before it.
    const [theirs] = await refundsOf(order.id);
    assert.equal(theirs?.['reference'], made.id);
    const [first, second, ...more] = await toldOf(order.id, 'order.refunded');
    assert.deepEqual(
      [first?.['actor'].type, first?.['data'].refund_id, first?.['data'].amount],
      ['source', theirs?.['id'], '1000'],
    );
    assert.deepEqual([second?.['data'].amount, more], ['2490', []]);
  });

  it('are those of a payment that was made elsewhere, too', async () => {
    const externalId = randomUUID();
    const intent = await atStripe<{ id: string }>('payment_intents', {
      amount: '3490',
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: 'true',
      'metadata[order_id]': externalId,
    });
    await atStripe('refunds', { payment_intent: intent.id, amount: '490' });
    // All of it is known before the order is.
    await stripe?.webhooks.idle();
    const { body: order } = await client.post(
      '/v1/orders',
      orderOf({ external_id: externalId, payment: { mode: 'external' }, fulfillment: 'manual' }),
    );
    await untilOrder(client, order.id, ({ payment_status: now }) => now === 'partially_refunded');
    await atStripe('refunds', { payment_intent: intent.id });
    const ended = await untilOrder(client, order.id, ({ payment_status: now }) => now === 'refunded');
    assert.deepEqual([ended.totals.captured, ended.totals.refunded], ['3490', '3490']);
    await untilOrder(client, order.id, ({ hold_reason: why }) => why === 'refunded_elsewhere');
  });

  it('are those of a shop, before the order and with it, by every digit', async () => {
    const [id, refundId] = ['820982911946154508', '890088186047892319'];
    const send = async ({ body, headers }: SentWebhook) => {
      const path = `${api.url}/webhooks/shopify/orders`;
      assert.equal((await fetch(path, { method: 'POST', headers, body })).status, 200);
    };
    const refund = `{"id":${refundId},"order_id":${id},"created_at":"2026-11-28T10:30:00Z",
      "refund_line_items":[],"transactions":[
        {"id":245135271310201194,"kind":"refund","status":"success","amount":"75.00","currency":"USD"}]}`;
    const topic = 'refunds/create';
    await send(fromShopify(refund, { shop, secret, topic }));
    await until(async () => {
      const { items } = (await client.get('/v1/webhooks/inbound', { query: { topic } })).body;
      return items[0]?.state === 'parked' ? items : null;
    }, 60_000);
    await send(fromShopify(paidOrderWith(id, '2026-11-28T10:00:00Z'), { shop, secret }));
    const [order] = await until(async () => {
      const { items } = (await client.get('/v1/orders', { query: { external_id: id } })).body;
      return items.length > 0 ? items : null;
    }, 60_000);
    await untilOrder(client, order.id, ({ totals }) => totals.refunded === '7500');
    const updated = paidOrderWith(id, '2026-11-28T10:30:00Z')
      .replace('"paid"', '"partially_refunded"')
      .replace(/"refunds":\s*\[\]/, `"refunds":[${refund}]`);
    await send(fromShopify(updated, { shop, secret, topic: 'orders/updated' }));
    await until(async () => {
      const reports = await toldOf(order.id, 'order.source_reported');
      return reports.length === 2 ? reports : null;
    }, 60_000);
    const refunds = await refundsOf(order.id);
    assert.deepEqual(
      refunds.map(({ reference, amount, cause }) => [reference, amount, cause]),
      [[refundId, '7500', 'elsewhere']],
    );
    assert.equal((await toldOf(order.id, 'order.refunded')).length, 1);
    assert.equal((await client.get(`/v1/orders/${order.id}`)).body.payment_status, 'partially_refunded');
  });
});
