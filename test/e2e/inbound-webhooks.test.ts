import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { Stripe } from 'stripe';
import '@shopify/shopify-api/adapters/node';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import { inboundWorkflowId, replayWorkflowId } from '../../workflows/webhooks/messages.ts';
import type { Tenant } from '../support/api.ts';
import { keepHistory } from '../support/histories.ts';
import { publishedFor, startWebhookSystem, untilInbound, type WebhookSystem } from '../support/inbound.ts';
import { fromEasyPost, fromShopify, orderWith, sample } from '../support/senders.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';

const orders = '/webhooks/shopify/orders';
const done = ['processed', 'stale', 'ignored', 'parked', 'dead'];

describe('webhooks that come in', function () {
  this.timeout(240_000);
  let system: WebhookSystem;
  before(async () => {
    system = await startWebhookSystem();
    await system.startWorkers();
  });
  after(() => system?.close());

  let shops = 0;
  /** A tenant with a shop of its own. */
  async function tenantWithShop(secret = `secret ${randomUUID()}`.replace(' ', '-')) {
    const tenant = await system.api.tenant();
    const shop = `shop-${(shops += 1)}.myshopify.com`;
    const client = system.api.client.as(tenant.owner);
    const made = await client.post('/v1/webhook-sources', {
      kind: 'shopify',
      name: shop,
      shop_domain: shop,
      secret,
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return { tenant, client, shop, secret, source: made.body as { id: string; url: string; secret: null } };
  }

  async function tenantWith(kind: 'stripe' | 'easypost', secret: string, more: object = {}) {
    const tenant = await system.api.tenant();
    const client = system.api.client.as(tenant.owner);
    const made = await client.post('/v1/webhook-sources', { kind, name: kind, secret, ...more });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return { tenant, client };
  }

  const rowsOf = async ({ id }: Tenant) =>
    await system.api.services.database.read('webhooks', ({ sql }) =>
      sql('select id from webhooks.inbound_deliveries where tenant_id = $1', [id]),
    );
  const stripe = new Stripe('sk_test_none');
  const signed = (body: string, secret: string, timestamp = Math.floor(Date.now() / 1_000)) => ({
    body,
    headers: {
      'content-type': 'application/json',
      'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),
    },
  });

  it('takes a signed order, keeps every digit of its ID, and tells of it (check 1)', async () => {
    const { tenant, client, shop, secret } = await tenantWithShop();
    const body = sample('orders__create.bigint.json');
    const sent = fromShopify(body, { shop, secret });
    // Shopify's own library takes it too.
    const shopify = shopifyApi({
      apiKey: 'none',
      apiSecretKey: secret,
      apiVersion: ApiVersion.July26,
      hostName: 'perdure.example',
      isEmbeddedApp: false,
      logger: { level: LogSeverity.Error, log: () => undefined },
    });
    const theirs = await shopify.webhooks.validate({
      rawBody: body,
      rawRequest: { headers: sent.headers, method: 'POST', url: orders },
      rawResponse: {},
    });
    assert.equal(theirs.valid, true);

    const answer = await system.send(orders, sent);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(answer.body, { received: true, duplicate: false });
    const detail = await untilInbound(client, { topic: 'orders/create' }, ['processed']);
    assert.equal(detail.entity.external_id, '820982911946154508');
    assert.equal(detail.deliveries[0].body, body);
    assert.equal(detail.deliveries[0].headers['x-shopify-hmac-sha256'], '[redacted]');
    assert.equal(detail.deliveries[0].headers['x-shopify-topic'], 'orders/create');
    assert.deepEqual(await publishedFor(system.api, tenant.id), [
      'webhook.received',
      'webhook.order_created',
    ]);
    const [effect] = detail.effects;
    assert.equal(effect.type, 'webhook.order_created');
    const [event] = await system.api.services.database.read('webhooks', ({ sql }) =>
      sql<{ data: Record<string, unknown> }>('select data from webhooks.outbox where id = $1', [
        effect.event_id,
      ]),
    );
    assert.equal(
      (event?.data['entity'] as { external_id: string } | undefined)?.external_id,
      '820982911946154508',
    );
    assert.equal(event?.data['inbound_id'], detail.id);
    // What is kept of people is sealed.
    const [kept] = await system.api.services.database.read('webhooks', ({ sql }) =>
      sql<{ text: string }>(
        'select d::text as text from webhooks.inbound_deliveries d where tenant_id = $1',
        [tenant.id],
      ),
    );
    assert.doesNotMatch(kept?.text ?? '', /jon@example|Steve|Shipper|line_items/);
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      inboundWorkflowId(detail.id, 0),
      'processInbound/straight',
    );
  });

  it('has one effect of twenty equal requests, and of a second delivery of one event (check 2)', async () => {
    const { tenant, client, shop, secret } = await tenantWithShop();
    const eventId = randomUUID();
    const sent = fromShopify(orderWith('700000000000000001', '2026-01-01T00:00:00Z'), {
      shop,
      secret,
      eventId,
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => system.send(orders, sent)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(answers.filter(({ body }) => !body.duplicate).length, 1);
    const again = fromShopify(sent.body, { shop, secret, eventId });
    assert.deepEqual((await system.send(orders, again)).body, { received: true, duplicate: true });
    const detail = await untilInbound(client, { event_id: eventId }, ['processed']);
    assert.equal(detail.deliveries.length, 2);
    assert.equal(detail.attempts, 1);
    assert.deepEqual(await publishedFor(system.api, tenant.id), [
      'webhook.received',
      'webhook.order_created',
    ]);
  });

  it('keeps nothing of what is altered, serialised anew, unsigned or empty (check 3)', async () => {
    const { tenant, shop, secret } = await tenantWithShop();
    const good = fromShopify(sample('orders__create.bigint.json'), { shop, secret });
    const without = (name: string) => ({
      ...good,
      headers: Object.fromEntries(Object.entries(good.headers).filter(([one]) => one !== name)),
    });
    const cases: [number, typeof good][] = [
      [401, { ...good, body: good.body.replace('USD', 'EUR') }],
      [401, { ...good, body: JSON.stringify(JSON.parse(good.body)) }],
      [400, without('x-shopify-hmac-sha256')],
      [400, without('x-shopify-topic')],
      [400, without('x-shopify-webhook-id')],
      [400, without('x-shopify-shop-domain')],
      [400, { ...good, body: '' }],
      [400, fromShopify('not json', { shop, secret })],
      [400, fromShopify('['.repeat(1_000), { shop, secret })],
      [400, fromShopify('{}', { shop, secret, topic: 'products/update' })],
    ];
    for (const [status, sent] of cases) {
      const answer = await system.send(orders, sent);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
    }
    assert.deepEqual(await rowsOf(tenant), []);
    assert.deepEqual(await publishedFor(system.api, tenant.id), []);
  });

  it('never believes the shop’s name without its secret (check 4)', async () => {
    const a = await tenantWithShop();
    const b = await tenantWithShop();
    const body = orderWith('700000000000000002', '2026-01-01T00:00:00Z');
    const crossed = fromShopify(body, { shop: b.shop, secret: a.secret });
    assert.equal((await system.send(orders, crossed)).status, 401);
    const unknown = fromShopify(body, { shop: 'nobody.myshopify.com', secret: a.secret });
    assert.equal((await system.send(orders, unknown)).status, 401);
    // To A's own address, under B's name.
    const named = await system.send(new URL(a.source.url).pathname, crossed);
    assert.equal(named.status, 403, JSON.stringify(named.body));
    assert.equal(named.body.code, 'webhooks.account_mismatch');
    // A secret that two organisations have tells nothing; each one's own address does.
    const c = await tenantWithShop(b.secret);
    const shared = fromShopify(body, { shop: c.shop, secret: c.secret });
    assert.equal((await system.send(orders, shared)).body.code, 'webhooks.source_ambiguous');
    assert.equal((await system.send(new URL(c.source.url).pathname, shared)).status, 200);
    assert.deepEqual(await rowsOf(a.tenant), []);
    assert.deepEqual(await rowsOf(b.tenant), []);
    assert.equal((await rowsOf(c.tenant)).length, 1);
  });

  it('knows at once when a source that it has just heard from is no longer what it was', async () => {
    const one = await tenantWithShop();
    const at = `/v1/webhook-sources/${one.source.id}`;
    const own = new URL(one.source.url).pathname;
    let id = 700_000_000_000_100_000n;
    const send = (path: string, secret: string) =>
      system.send(
        path,
        fromShopify(orderWith(String((id += 1n)), '2026-01-01T00:00:00Z'), { ...one, secret }),
      );
    for (const path of [orders, own]) assert.equal((await send(path, one.secret)).status, 200);
    const renewed = `renewed-${randomUUID()}`;
    await one.client.post(`${at}/rotate-secret`, { secret: renewed, grace_seconds: 0 });
    for (const path of [orders, own]) {
      assert.equal((await send(path, one.secret)).status, 401);
      assert.equal((await send(path, renewed)).status, 200);
    }
    const other = await tenantWithShop(renewed);
    assert.equal((await send(orders, renewed)).body.code, 'webhooks.source_ambiguous');
    assert.equal((await other.client.delete(`/v1/webhook-sources/${other.source.id}`)).status, 204);
    assert.equal((await send(orders, renewed)).status, 200);
    assert.equal((await one.client.delete(at)).status, 204);
    assert.equal((await send(orders, renewed)).status, 401);
    assert.equal((await send(own, renewed)).status, 404);
  });

  it('verifies Stripe by time and signature (check 5)', async () => {
    const secret = `whsec_${randomUUID()}`;
    const { client } = await tenantWith('stripe', secret, { hold_unknown: false });
    const body = sample('stripe.payment_intent.succeeded.json').replace(/evt_0+/, `evt_${randomUUID()}`);
    const path = '/webhooks/stripe/payment';
    const now = Math.floor(Date.now() / 1_000);
    const status = async (header: string) =>
      (
        await system.send(path, {
          body,
          headers: { 'content-type': 'application/json', 'stripe-signature': header },
        })
      ).status;
    const of = (at: number) => signed(body, secret, at).headers['stripe-signature'];
    assert.equal(await status(of(now - 301)), 400);
    assert.equal(await status(of(now + 3_600)), 400);
    assert.equal(await status(of(now).replace('v1=', 'v0=')), 400);
    assert.equal(await status(signed(body, 'whsec_of_another').headers['stripe-signature']), 401);
    assert.equal(await status(of(now).replace(',v1=', `,v1=${'0'.repeat(64)},v1=`)), 200);
    const detail = await untilInbound(client, { topic: 'payment_intent.succeeded' }, done);
    assert.equal(detail.effects[0].type, 'webhook.payment_succeeded');
  });

  it('hears a sender beside others whose secrets can’t be opened any more', async () => {
    const theirs = await tenantWith('stripe', 'whsec_of_theirs');
    await system.api.services.database.transaction('webhooks', ({ sql }) =>
      sql(`update webhooks.sources set secrets = 'v1.gone.' || repeat('A', 60) where tenant_id = $1`, [
        theirs.tenant.id,
      ]),
    );
    const secret = `whsec_${randomUUID()}`;
    const ours = await tenantWith('stripe', secret);
    const body = JSON.stringify({
      id: `evt_${randomUUID()}`,
      type: 'charge.unheard_of',
      data: { object: {} },
    });
    assert.equal((await system.send('/webhooks/stripe/payment', signed(body, secret))).status, 200);
    assert.equal((await rowsOf(ours.tenant)).length, 1);
    // It may be theirs: it is to be sent again when they can be opened.
    assert.equal(
      (await system.send('/webhooks/stripe/payment', signed(body, 'whsec_of_theirs'))).status,
      503,
    );
    const { body: list } = await theirs.client.get('/v1/webhook-sources');
    assert.deepEqual(list.items[0].secrets, []);
  });

  it('parks a payment until its order is known, with no second delivery (check 6)', async () => {
    const secret = `whsec_${randomUUID()}`;
    const { tenant, client } = await tenantWith('stripe', secret);
    const intent = `pi_${randomUUID()}`;
    const body = sample('stripe.payment_intent.succeeded.json')
      .replace(/evt_0+/, `evt_${randomUUID()}`)
      .replaceAll(/pi_0+/g, intent);
    assert.equal((await system.send('/webhooks/stripe/payment', signed(body, secret))).status, 200);
    const parked = await untilInbound(client, {}, ['parked']);
    assert.equal(parked.error.code, 'webhooks.subject_unknown');
    assert.deepEqual(await publishedFor(system.api, tenant.id), ['webhook.received']);
    // Another tenant's order of that name changes nothing.
    const stranger = await system.api.tenant();
    await system.makeKnown(stranger.id, randomUUID(), [`stripe:payment_intent:${intent}`]);
    await system.makeKnown(tenant.id, randomUUID(), [`stripe:payment_intent:${intent}`]);
    const processed = await untilInbound(client, {}, ['processed']);
    assert.deepEqual(
      processed.effects.map(({ type }: { type: string }) => type),
      ['webhook.payment_succeeded'],
    );
    // What comes now finds it known.
    const refund = JSON.parse(sample('stripe.charge.refunded.json')) as { data: { object: object } };
    const later = JSON.stringify({
      ...refund,
      id: `evt_${randomUUID()}`,
      data: { object: { ...refund.data.object, payment_intent: intent } },
    });
    assert.equal((await system.send('/webhooks/stripe/payment', signed(later, secret))).status, 200);
    await untilInbound(client, { topic: 'charge.refunded' }, ['processed']);
  });

  it('tries many again by a filter, in a process of its own, once it was looked how many there are', async () => {
    const secret = `whsec_${randomUUID()}`;
    const { tenant, client } = await tenantWith('stripe', secret);
    const intents = [1, 2, 3].map(() => `pi_${randomUUID()}`);
    for (const intent of intents) {
      const body = sample('stripe.payment_intent.succeeded.json')
        // Before the other, as the id of the event ends with the same.
        .replaceAll(/pi_0+/g, intent)
        .replace(/evt_0+/, `evt_${intent}`);
      assert.equal((await system.send('/webhooks/stripe/payment', signed(body, secret))).status, 200);
      await untilInbound(client, { event_id: `evt_${intent}` }, ['parked']);
    }
    const { database } = system.api.services;
    await database.transaction('webhooks', ({ sql }) =>
      sql(`update webhooks.inbound_events set state = 'dead', next_at = null where tenant_id = $1`, [
        tenant.id,
      ]),
    );
    // What is dead hears of nothing.
    await system.makeKnown(
      tenant.id,
      randomUUID(),
      intents.map((intent) => `stripe:payment_intent:${intent}`),
    );
    const replay = (more: object, headers = {}) =>
      client.post('/v1/webhooks/inbound/replay', { filter: { state: 'dead' }, ...more }, { headers });
    const look = await replay({});
    assert.deepEqual([look.status, look.body], [200, { matching: 3 }]);
    const key = { 'idempotency-key': 'again' };
    const [asked, repeated] = [await replay({ dry_run: false }, key), await replay({ dry_run: false }, key)];
    assert.equal(asked.status, 202);
    assert.deepEqual(repeated.body, asked.body);
    for (const intent of intents) await untilInbound(client, { event_id: `evt_${intent}` }, ['processed']);
    const temporal = await temporalClient();
    const workflowId = replayWorkflowId(asked.body.id);
    await untilCompleted(temporal, workflowId);
    const { body: done } = await client.get(asked.headers.get('location') ?? '');
    assert.deepEqual([done.state, done.matching, done.replayed], ['completed', 3, 3]);
    const told = await publishedFor(system.api, tenant.id);
    assert.equal(told.filter((type) => type === 'webhook.payment_succeeded').length, 3);
    assert.deepEqual((await replay({})).body, { matching: 0 });
    await keepHistory(temporal, database, workflowId, 'replayWebhooks/straight');
  });

  it('lets nothing old overwrite what is newer, and keeps both (check 7)', async () => {
    const { tenant, client, shop, secret } = await tenantWithShop();
    const id = '700000000000000003';
    const update = fromShopify(orderWith(id, '2026-01-02T00:00:00Z'), {
      shop,
      secret,
      topic: 'orders/updated',
    });
    await system.send(orders, update);
    const newest = await untilInbound(client, { external_id: id }, ['processed']);
    await system.send(orders, fromShopify(orderWith(id, '2026-01-01T00:00:00Z'), { shop, secret }));
    const late = await untilInbound(client, { topic: 'orders/create' }, ['stale', 'processed']);
    assert.equal(late.state, 'stale');
    assert.equal(late.entity.version, 1);
    assert.equal(late.entity.latest_webhook, newest.id);
    const { body: timeline } = await client.get('/v1/webhooks/inbound', { query: { external_id: id } });
    assert.deepEqual(
      timeline.items.map(({ topic, state }: { topic: string; state: string }) => `${topic} ${state}`),
      ['orders/create stale', 'orders/updated processed'],
    );
    assert.deepEqual(
      (await publishedFor(system.api, tenant.id)).filter((type) => type !== 'webhook.received'),
      ['webhook.order_updated', 'webhook.stale'],
    );
  });

  it('takes no body over its limit into memory, with a length told or not (check 10)', async () => {
    const { tenant } = await tenantWithShop();
    const statusOf = (headers: Record<string, string>, chunks: number, path = orders) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(`${system.api.url}${path}`, { method: 'POST', headers });
        sent.on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
          sent.destroy();
        });
        sent.on('error', reject);
        const chunk = Buffer.alloc(65_536, 'a');
        let left = chunks;
        const write = (): void => {
          while (left > 0 && !sent.destroyed) {
            left -= 1;
            if (!sent.write(chunk)) return void sent.once('drain', write);
          }
          if (!sent.destroyed && left === 0) sent.end();
        };
        write();
      });
    assert.equal(await statusOf({ 'content-length': String(1_048_577) }, 0), 413);
    // Where it is hashed for many sources before anybody is known to have signed it, less is taken.
    for (const path of ['/webhooks/stripe/payment', '/webhooks/easypost/tracking'])
      assert.equal(await statusOf({ 'content-length': String(262_145) }, 0, path), 413);
    const before = process.memoryUsage().arrayBuffers;
    // A gigabyte, of which no more than the limit is taken.
    assert.equal(await statusOf({ 'transfer-encoding': 'chunked' }, 16_384), 413);
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1_048_576);
    assert.deepEqual(await rowsOf(tenant), []);
  });

  it('tells of parcels, and lets none that is delivered go on (check 24)', async () => {
    const secret = `sécret-${randomUUID()}`;
    const { tenant, client } = await tenantWith('easypost', secret);
    const tracker = `trk_${randomUUID()}`;
    await system.makeKnown(tenant.id, randomUUID(), [`easypost:tracker:${tracker}`]);
    const sent = (status: string, updatedAt: string) =>
      fromEasyPost(secret, { eventId: `evt_${randomUUID()}`, tracker, status, updatedAt });
    const path = '/webhooks/easypost/tracking';
    const delivered = sent('delivered', '2026-01-02T00:00:00Z');
    const altered = { ...delivered, body: delivered.body.replace('delivered', 'in_transit') };
    assert.equal((await system.send(path, altered)).status, 401);
    assert.equal((await system.send(path, delivered)).status, 200);
    const first = await untilInbound(client, { external_id: tracker }, ['processed']);
    assert.equal(first.effects[0].type, 'webhook.tracking_updated');
    // Late by the carrier's clock, and even later by a clock that is wrong.
    for (const at of ['2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z'])
      assert.equal((await system.send(path, sent('in_transit', at))).status, 200);
    await untilInbound(client, { state: 'stale' }, ['stale']);
    const { body } = await client.get('/v1/webhooks/inbound', { query: { external_id: tracker } });
    assert.ok(body.items.length >= 2);
    assert.equal(body.items.at(-1).entity.latest_webhook, first.id);
  });

  it('takes what generic sources send, by their configuration', async () => {
    const tenant = await system.api.tenant();
    const client = system.api.client.as(tenant.owner);
    const { body: source } = await client.post('/v1/webhook-sources', {
      kind: 'generic',
      name: 'Bills',
      verifier: { scheme: 'basic', username: 'bills' },
      reading: {
        event_id: '/id',
        topic: 'header:X-Topic',
        entity_id: '/bill/no',
        entity_kind: 'bill',
        occurred_at: '/at',
      },
    });
    assert.match(source.secret, /^whsec_/);
    const sent = (password: string) => ({
      body: '{"id":9007199254740993,"bill":{"no":"B-1"},"at":1767225600}',
      headers: {
        'content-type': 'application/json',
        'x-topic': 'bill.paid',
        authorization: `Basic ${Buffer.from(`bills:${password}`).toString('base64')}`,
      },
    });
    const path = new URL(source.url).pathname;
    assert.equal((await system.send(path, sent('wrong'))).status, 401);
    assert.equal((await system.send(path, sent(source.secret))).status, 200);
    const detail = await untilInbound(client, { topic: 'bill.paid' }, ['processed']);
    assert.equal(detail.event_id, '9007199254740993');
    assert.deepEqual([detail.entity.kind, detail.entity.external_id], ['bill', 'B-1']);
    assert.equal(detail.occurred_at, '2026-01-01T00:00:00.000Z');
    assert.equal(detail.deliveries[0].headers.authorization, '[redacted]');
    assert.equal((await system.send(`/webhooks/in/${randomUUID()}`, sent(source.secret))).status, 404);
  });

  it('keeps what a paused source sends, and processes it when it goes on; takes two secrets during a rotation', async () => {
    const { tenant, client, shop, secret, source } = await tenantWithShop();
    const at = `/v1/webhook-sources/${source.id}`;
    const send = (id: string, by = secret) =>
      system.send(orders, fromShopify(orderWith(id, '2026-01-01T00:00:00Z'), { shop, secret: by }));
    assert.equal((await client.post(`${at}/pause`)).body.state, 'paused');
    assert.equal((await send('700000000000000011')).status, 200);
    await untilInbound(client, { state: 'held' }, ['held']);
    assert.deepEqual(await publishedFor(system.api, tenant.id), []);

    const renewed = 'the-secret-of-later-times';
    const rotated = await client.post(`${at}/rotate-secret`, { secret: renewed, grace_seconds: 600 });
    assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
    assert.equal(rotated.body.secrets.length, 2);
    assert.doesNotMatch(JSON.stringify(rotated.body), new RegExp(`${renewed}|${secret}`));
    assert.equal((await send('700000000000000012', renewed)).status, 200);
    assert.equal((await send('700000000000000013')).status, 200);
    await client.post(`${at}/rotate-secret`, { secret: 'and-one-more-of-them', grace_seconds: 0 });
    // Its grace has not ended with the next rotation; that of the one before it has none.
    assert.equal((await send('700000000000000014', 'and-one-more-of-them')).status, 200);
    assert.equal((await send('700000000000000014')).status, 200);
    assert.equal((await send('700000000000000014', renewed)).status, 401);

    assert.equal((await client.post(`${at}/resume`)).body.state, 'active');
    // The sweep is what takes them up; a test does not wait for its minute.
    const temporal = await temporalClient();
    await temporal.workflow.execute('wakeInboundWebhooks', {
      taskQueue: 'webhooks',
      workflowId: `wake:${randomUUID()}`,
    });
    await untilInbound(client, { external_id: '700000000000000011' }, ['processed']);
  });
});
