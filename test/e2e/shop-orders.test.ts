import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { createOrderRoutes } from '../../api/orders/routes.ts';
import { createWebhookRoutes } from '../../api/webhooks/routes.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type TestApi } from '../support/api.ts';
import { TestCarrier, TestProcessor } from '../support/order-outside.ts';
import { orderOf, untilOrder } from '../support/orders-system.ts';
import {
  fromEasyPost,
  fromShopify,
  orderWith,
  paidOrderWith,
  sample,
  type SentWebhook,
} from '../support/senders.ts';
import { temporalClient, temporalServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

describe('An order that a shop tells by webhook', function () {
  this.timeout(180_000);
  let api: TestApi;
  let workers: RunningWorkers | undefined;
  before(async () => {
    api = await startTestApi((services) => [
      ...createWebhookRoutes(services),
      ...createOrderRoutes(services),
    ]);
    const { address, namespace } = await temporalServer();
    const outside = { payments: new TestProcessor(), carrier: new TestCarrier() };
    workers = await startWorkers(
      api.services.config,
      { connection: { address }, namespace },
      ['webhooks', 'orders'],
      outside,
    );
  });
  after(async () => {
    await workers?.stop();
    await api?.close();
  });

  let shops = 0;
  const open = async () => {
    const tenant = await api.tenant();
    const client = api.client.as(tenant.owner);
    const shop = `orders-${(shops += 1)}.myshopify.com`;
    const secret = `secret-${randomUUID()}`;
    const source = { kind: 'shopify', name: shop, shop_domain: shop, secret };
    const { status, body } = await client.post('/v1/webhook-sources', source);
    assert.equal(status, 201, JSON.stringify(body));
    return { client, shop, secret, tenantId: tenant.id };
  };
  const send = async ({ body, headers }: SentWebhook): Promise<number> =>
    (await fetch(`${api.url}/webhooks/shopify/orders`, { method: 'POST', headers, body })).status;
  const found = async (client: ApiClient, externalId: string) =>
    (await client.get('/v1/orders', { query: { external_id: externalId, source: 'shopify' } })).body.items;

  it('leads from what came in to what was sent out because of it', async () => {
    const { client, shop, secret } = await open();
    const url = 'https://hooks.invalid/perdure';
    const made = await client.post('/v1/webhook-endpoints', { url, event_types: ['order.*'] });
    assert.equal((await client.post(`/v1/webhook-endpoints/${made.body.id}/pause`)).status, 200);
    const id = '820982911946154777';
    assert.equal(await send(fromShopify(paidOrderWith(id, '2026-11-28T10:00:00Z'), { shop, secret })), 200);
    const first = await until(async () => {
      const { items } = (await client.get('/v1/webhooks/inbound', { query: { external_id: id } })).body;
      const detail = items[0] && (await client.get(`/v1/webhooks/inbound/${items[0].id}`)).body;
      return detail?.messages.find(({ type }: { type: string }) => type === 'order.created');
    }, 60_000);
    const [order] = await found(client, id);
    assert.deepEqual(
      [first.type, first.subject, first.endpoints, first.delivered],
      ['order.created', `order:${order.id}`, 1, 0],
    );
    assert.equal((await client.get(`/v1/webhooks/messages/${first.id}`)).body.type, 'order.created');
  });

  it('is one order with its process, however often it comes at once (checks 1 and 2)', async () => {
    const { client, shop, secret, tenantId } = await open();
    const id = '820982911946154508';
    const eventId = randomUUID();
    const sent = fromShopify(paidOrderWith(id, '2026-11-28T10:00:00Z'), { shop, secret, eventId });
    const statuses = await Promise.all(Array.from({ length: 20 }, () => send(sent)));
    assert.ok(
      statuses.every((status) => status >= 200 && status < 300),
      statuses.join(),
    );
    const [order] = await until(async () => {
      const orders = await found(client, id);
      return orders.length > 0 ? orders : null;
    }, 60_000);
    assert.equal(order.external_id, id, 'with every digit');
    await untilOrder(client, order.id, 'shipped');
    // Another delivery of the same event.
    const again = fromShopify(sent.body, { shop, secret, eventId });
    assert.equal(await send(again), 200);
    assert.equal((await client.get('/v1/webhooks/inbound')).body.items.length, 1);
    assert.equal((await found(client, id)).length, 1);
    const temporal = await temporalClient();
    const started = await until(async () => {
      const query = `TenantId = '${tenantId}'`;
      const all = (await Array.fromAsync(temporal.workflow.list({ query }))).map(({ type }) => type);
      return all.includes('fulfillOrder') && all.includes('processInbound') ? all : null;
    });
    assert.deepEqual(started.toSorted(), ['fulfillOrder', 'processInbound']);
    const { body } = await client.get(`/v1/orders/${order.id}/timeline`, { query: { limit: '200' } });
    const types = body.items.map(({ type }: { type: string }) => type);
    assert.equal(types.filter((type: string) => type === 'order.created').length, 1);
    assert.equal(types.filter((type: string) => type === 'order.source_reported').length, 1);
  });

  it('has the newest state, and both words in its timeline (check 7)', async () => {
    const { client, shop, secret } = await open();
    const id = '820982911946154777';
    const later = fromShopify(orderWith(id, '2026-11-28T11:00:00Z'), {
      shop,
      secret,
      topic: 'orders/updated',
    });
    assert.ok((await send(later)) < 300);
    const [order] = await until(async () => {
      const orders = await found(client, id);
      return orders.length > 0 ? orders : null;
    }, 60_000);
    await untilOrder(client, order.id, 'cancelled');
    assert.ok((await send(fromShopify(paidOrderWith(id, '2026-11-28T10:00:00Z'), { shop, secret }))) < 300);
    const reports = await until(async () => {
      const { body } = await client.get(`/v1/orders/${order.id}/timeline`, { query: { limit: '200' } });
      const reported = body.items.filter(({ type }: { type: string }) => type === 'order.source_reported');
      return reported.length === 2 ? reported : null;
    }, 60_000);
    assert.deepEqual(
      reports.map(({ data }: { data: { stale: boolean } }) => data.stale),
      [false, true],
    );
    const now = (await client.get(`/v1/orders/${order.id}`)).body;
    assert.deepEqual([now.status, now.payment_status], ['cancelled', 'unpaid']);
  });

  it('is paid by a payment that came before it, and delivered when the carrier says so', async () => {
    const client = api.client.as((await api.tenant()).owner);
    const secret = `whsec_${randomUUID()}`;
    for (const kind of ['stripe', 'easypost']) {
      const source = { kind, name: kind, secret };
      assert.equal((await client.post('/v1/webhook-sources', source)).status, 201);
    }
    const post = async (path: string, { body, headers }: SentWebhook) =>
      (await fetch(`${api.url}/webhooks/${path}`, { method: 'POST', headers, body })).status;
    const externalId = randomUUID();
    const event = JSON.parse(sample('stripe.payment_intent.succeeded.json'));
    event.id = `evt_${randomUUID()}`;
    Object.assign(event.data.object, {
      id: `pi_${randomUUID()}`,
      amount: 3_490,
      amount_received: 3_490,
      currency: 'eur',
      metadata: { order_id: externalId },
    });
    const body = JSON.stringify(event);
    const signature = new Stripe('sk_test_none').webhooks.generateTestHeaderString({ payload: body, secret });
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    assert.equal(await post('stripe/payment', { body, headers }), 200);
    await until(async () => {
      const { items } = (await client.get('/v1/webhooks/inbound')).body;
      return items.some(({ state }: { state: string }) => state === 'parked') ? items : null;
    }, 60_000);
    const unpaid = orderOf({
      external_id: externalId,
      payment: { mode: 'external' },
      fulfillment: 'manual',
    });
    const { body: order } = await client.post('/v1/orders', unpaid);
    await untilOrder(client, order.id, ({ payment_status: now }) => now === 'paid');
    await untilOrder(client, order.id, 'processing');
    const tracker = `trk_${randomUUID()}`;
    const sent = await client.post(`/v1/orders/${order.id}/fulfillments`, {
      lines: [{ line_id: order.lines[0].id, quantity: 3 }],
      tracking: { carrier: 'FedEx', number: `code-of-${tracker}` },
    });
    assert.equal(sent.status, 200, JSON.stringify(sent.body));
    await untilOrder(client, order.id, 'shipped');
    const delivered = {
      eventId: `evt_${randomUUID()}`,
      tracker,
      status: 'delivered',
      updatedAt: '2026-11-29T10:00:00Z',
    };
    assert.equal(await post('easypost/tracking', fromEasyPost(secret, delivered)), 200);
    await untilOrder(client, order.id, 'completed');

    // A word that comes late is kept, and changes nothing (check 24).
    const late = {
      ...delivered,
      eventId: `evt_${randomUUID()}`,
      status: 'in_transit',
      updatedAt: '2026-11-29T09:00:00Z',
    };
    const signed = fromEasyPost(secret, late);
    const altered = { ...signed, body: signed.body.replace('in_transit', 'delivered') };
    assert.equal(await post('easypost/tracking', altered), 401);
    assert.equal(await post('easypost/tracking', signed), 200);
    const [parcel] = await until(async () => {
      const { packages } = (await client.get(`/v1/orders/${order.id}/tracking`)).body;
      return packages[0].events.length === 2 ? packages : null;
    }, 60_000);
    assert.deepEqual(parcel.events.map(({ status }: { status: string }) => status).toSorted(), [
      'delivered',
      'in_transit',
    ]);
    const ended = (await client.get(`/v1/orders/${order.id}`)).body;
    assert.deepEqual([ended.status, ended.fulfillments[0].tracking_status], ['completed', 'delivered']);
    const cancelled = await client.post(`/v1/orders/${order.id}/cancel`);
    assert.deepEqual([cancelled.status, cancelled.body.offer], [409, 'return']);
  });
});
