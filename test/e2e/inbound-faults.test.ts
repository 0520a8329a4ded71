import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInboundActivities } from '../../activities/webhooks/inbound.activities.ts';
import { createReplayActivities } from '../../activities/webhooks/replay.activities.ts';
import { createWebhookRoutes } from '../../api/webhooks/routes.ts';
import { Database } from '../../db/database.ts';
import { buryUnclaimed, firstDelivery, forgetOldInbound, takeDue } from '../../db/webhooks/inbound-upkeep.ts';
import { eraseTenantFromWebhooks } from '../../db/webhooks/tenant-erasure.ts';
import { orderWorkflowId } from '../../workflows/orders/messages.ts';
import { inboundWorkflowId } from '../../workflows/webhooks/messages.ts';
import { createReconciliation } from '../../services/webhooks/reconciliation.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { preload } from '../faults/preload.ts';
import { startTestApi } from '../support/api.ts';
import { publishedFor, startWebhookSystem, untilInbound, type WebhookSystem } from '../support/inbound.ts';
import { fromShopify, orderWith } from '../support/senders.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const orders = '/webhooks/shopify/orders';
let shops = 0;

async function shopOf(system: Pick<WebhookSystem, 'api'>, more: object = {}) {
  const tenant = await system.api.tenant();
  const client = system.api.client.as(tenant.owner);
  const shop = `fault-${(shops += 1)}.myshopify.com`;
  const secret = `secret-${randomUUID()}`;
  const given = { kind: 'shopify', name: shop, shop_domain: shop, secret, ...more };
  const { status, body } = await client.post('/v1/webhook-sources', given);
  assert.equal(status, 201, JSON.stringify(body));
  return { tenant, client, shop, secret, sourceId: body.id as string };
}

describe('webhooks that come in, while something fails', function () {
  this.timeout(240_000);
  let system: WebhookSystem;
  before(async () => {
    // Without workers: each test has the work done as it needs.
    system = await startWebhookSystem();
  });
  after(() => system?.close());

  const aged = (tenantId: string) =>
    system.api.services.database.transaction('webhooks', ({ sql }) =>
      sql(
        `update webhooks.inbound_events set next_at = now() - interval '1 minute'
         where tenant_id = $1 and next_at is not null`,
        [tenantId],
      ),
    );

  /** The orders that a shop's order has become here. */
  const ordersOf = (tenantId: string, externalId: string) =>
    system.api.services.database.read('orders', ({ sql }) =>
      sql<{ id: string }>('select id from orders.orders where tenant_id = $1 and external_id = $2', [
        tenantId,
        externalId,
      ]),
    );

  // It is logged, and no workflow knows of it; its work is committed, and Temporal has not heard of that; the order is made,
  // and the relay has not marked that; the order is marked for its process, which is not started.
  const points = [
    'start of the workflow before 1',
    'attemptInbound after 1',
    'mark of webhooks for order-webhooks before 1',
    'start of the workflow before 2',
  ];
  for (const [index, point] of points.entries())
    it(`makes one order with its process when the worker dies: ${point} (check 8)`, async () => {
      const { tenant, client, shop, secret } = await shopOf(system);
      const dying = await system.spawnWorkers({ ...preload('crash'), CRASH_AT: point });
      const id = `71000000000001000${index}`;
      const sent = fromShopify(orderWith(id, '2026-01-01T00:00:00Z'), { shop, secret });
      assert.equal((await system.send(orders, sent)).status, 200);
      await until(() => dying.exit !== null, 60_000);
      assert.equal(dying.exit?.signal, 'SIGKILL', dying.lastLines().join('\n'));
      const successor = await system.startWorkers(['webhooks', 'orders']);
      // As long as the check gives it, the start of the process included.
      await until(async () => (await ordersOf(tenant.id, id)).length > 0, 30_000);
      const detail = await untilInbound(client, { external_id: id }, ['processed']);
      const temporal = await temporalClient();
      await untilCompleted(temporal, inboundWorkflowId(detail.id, 0));
      const [order, ...others] = await ordersOf(tenant.id, id);
      assert.deepEqual(others, []);
      await until(() => temporal.workflow.getHandle(orderWorkflowId(order?.id ?? '')).describe());
      await untilCompleted(temporal, orderWorkflowId(order?.id ?? ''));
      assert.equal(detail.attempts, 1);
      const told = await publishedFor(system.api, tenant.id);
      assert.deepEqual(told, ['webhook.received', 'webhook.order_created']);
      await successor.stop();
    });

  it('tries what fails ever more rarely, gives it up, and replays it once (check 11)', async () => {
    const { tenant, client, shop, secret } = await shopOf(system);
    const id = '710000000000000002';
    await system.send(orders, fromShopify(orderWith(id, '2026-01-01T00:00:00Z'), { shop, secret }));
    const { body: list } = await client.get('/v1/webhooks/inbound');
    const input = { inboundId: list.items[0].id as string, tenantId: tenant.id };
    const failing = createInboundActivities(system.api.services, () => {
      throw new TypeError(`a bug that quotes ${id}`);
    });
    const gaps: number[] = [];
    let attempt = 1;
    for (; ; attempt += 1) {
      const { state, retryIn } = await failing.attemptInbound({ ...input, attempt });
      // Asked twice for the same attempt, it makes it once.
      assert.equal((await failing.attemptInbound({ ...input, attempt })).retryIn, null);
      if (state === 'dead') break;
      assert.equal(state, 'retrying');
      gaps.push(retryIn ?? 0);
      await aged(tenant.id);
      const due = await system.api.services.database.transaction('webhooks', ({ sql }) => takeDue(sql, 100));
      assert.deepEqual(
        due.filter((one) => one.tenantId === tenant.id).map((one) => one.attempt),
        [attempt + 1],
      );
    }
    assert.equal(attempt, 8);
    for (const [index, gap] of gaps.slice(1, 6).entries()) assert.ok(gap > (gaps[index] ?? 0), String(gaps));
    const { body: dead } = await client.get(`/v1/webhooks/inbound/${input.inboundId}`);
    assert.equal(dead.state, 'dead');
    assert.deepEqual(dead.error, { code: 'internal', detail: "TypeError; see the worker's log" });
    assert.equal(dead.retries.length, 8);
    assert.ok(
      dead.retries
        .slice(0, 7)
        .every((one: { next_at: string; made_at: string }) => one.next_at > one.made_at),
    );
    assert.equal(dead.retries[7].next_at, null);
    assert.ok((await publishedFor(system.api, tenant.id)).includes('webhook.dead'));

    // Repaired. First a look, then the replay.
    const filter = { state: 'dead', topic: 'orders/create' };
    const look = await client.post('/v1/webhooks/inbound/replay', { filter });
    assert.deepEqual([look.status, look.body], [200, { matching: 1 }]);
    const stranger = system.api.client.as((await system.api.tenant()).owner);
    const theirs = await stranger.post('/v1/webhooks/inbound/replay', { filter });
    assert.deepEqual([theirs.status, theirs.body], [200, { matching: 0 }]);
    const replay = await client.post(`/v1/webhooks/inbound/${input.inboundId}/replay`);
    assert.deepEqual([replay.status, replay.body.state], [202, 'received']);
    const working = createInboundActivities(system.api.services);
    assert.equal((await working.attemptInbound({ ...input, attempt: 9 })).state, 'processed');
    const effects = await publishedFor(system.api, tenant.id);
    assert.equal(effects.filter((type) => type === 'webhook.order_created').length, 1);
    const again = await client.post(`/v1/webhooks/inbound/${input.inboundId}/replay`);
    assert.deepEqual([again.status, again.body.state], [202, 'processed']);
    assert.equal((await working.attemptInbound({ ...input, attempt: 10 })).state, 'processed');
    assert.deepEqual(await publishedFor(system.api, tenant.id), effects);
  });

  it('replays by a filter piece by piece, each webhook once, and no more than may be at one time', async () => {
    const { tenant, client, shop, secret } = await shopOf(system);
    const send = (id: string) =>
      system.send(orders, fromShopify(orderWith(id, '2026-01-01T00:00:00Z'), { shop, secret }));
    const { database } = system.api.services;
    const bury = () =>
      database.transaction('webhooks', ({ sql }) =>
        sql(`update webhooks.inbound_events set state = 'dead', next_at = null where tenant_id = $1`, [
          tenant.id,
        ]),
      );
    for (let n = 0; n < 5; n += 1) assert.equal((await send(`74000000000000000${n}`)).status, 200);
    await bury();
    const ask = async () => {
      const order = { filter: { state: 'dead', topic: 'orders/create' }, dry_run: false };
      const { status, body, headers } = await client.post('/v1/webhooks/inbound/replay', order);
      assert.equal(status, 202);
      const input = { replayId: body.id as string, tenantId: tenant.id };
      return { input, matching: body.matching, address: headers.get('location') ?? '' };
    };
    const attemptsDue = () =>
      database.read('webhooks', ({ sql }) =>
        sql(`select 1 from webhooks.outbox where tenant_id = $1 and type = 'webhook.retry_due'`, [tenant.id]),
      );
    const first = await ask();
    assert.equal(first.matching, 5);
    // What comes after it is none of its, and what has failed again by then does not go round.
    await send('740000000000000005');
    await bury();
    const pieces = createReplayActivities({ database }, { atOnce: 2, most: 10 });
    for (const [replayed, left] of [
      [2, true],
      [4, true],
      [5, false],
      [5, false],
    ] as const) {
      assert.deepEqual(await pieces.replaySlice(first.input), { replayed, left });
      await bury();
    }
    assert.equal((await attemptsDue()).length, 5);
    const { body: done } = await client.get(first.address);
    assert.deepEqual([done.state, done.replayed, done.filter.state], ['completed', 5, 'dead']);
    assert.ok(done.finished_at);

    const second = await ask();
    const few = createReplayActivities({ database }, { atOnce: 2, most: 3 });
    assert.deepEqual(await few.replaySlice(second.input), { replayed: 2, left: true });
    assert.deepEqual(await few.replaySlice(second.input), { replayed: 3, left: false });
    assert.equal((await client.get(second.address)).body.state, 'stopped');
    const stranger = system.api.client.as((await system.api.tenant()).owner);
    assert.equal((await stranger.get(second.address)).status, 404);
  });

  it('gives up at once what no attempt can heal, and what nobody claims in time', async () => {
    const { tenant, client, shop, secret } = await shopOf(system);
    await system.send(orders, fromShopify('{"name":"an order without an ID"}', { shop, secret }));
    const { body: list } = await client.get('/v1/webhooks/inbound');
    const activities = createInboundActivities(system.api.services);
    const outcome = await activities.attemptInbound({
      inboundId: list.items[0].id,
      tenantId: tenant.id,
      attempt: 1,
    });
    assert.deepEqual(outcome, { state: 'dead', retryIn: null });
    const { body: dead } = await client.get(`/v1/webhooks/inbound/${list.items[0].id}`);
    assert.equal(dead.error.code, 'webhooks.body_unexpected');

    await system.api.services.database.transaction('webhooks', ({ sql }) =>
      sql(
        `update webhooks.inbound_events set state = 'parked', next_at = now() - interval '1 second' where tenant_id = $1`,
        [tenant.id],
      ),
    );
    const error = { code: 'webhooks.subject_unknown', message: 'unknown' };
    const buried = await system.api.services.database.transaction('webhooks', ({ sql }) =>
      buryUnclaimed(sql, 100, error),
    );
    assert.deepEqual(
      buried.filter((one) => one.tenantId === tenant.id).map(({ id }) => id),
      [list.items[0].id],
    );
  });

  it('answers 503 while the database is away, and has one effect of what is sent again (check 9)', async () => {
    const { services } = system.api;
    const url = new URL(services.database.urlOf('webhooks'));
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    const behind = new Database({ url: url.href, domainUrls: {}, poolSize: 2, applicationName: 'test' });
    const api = await startTestApi((given) => createWebhookRoutes({ ...given, database: behind }));
    try {
      const { tenant, shop, secret } = await shopOf(system);
      const sent = fromShopify(orderWith('710000000000000003', '2026-01-01T00:00:00Z'), { shop, secret });
      const send = () => api.client.post(orders, sent.body, { headers: sent.headers });
      proxy.reset();
      for (const answer of await Promise.all([send(), send()])) {
        assert.equal(answer.status, 503, JSON.stringify(answer.body));
        assert.ok(answer.headers.get('retry-after'));
      }
      proxy.heal();
      assert.deepEqual((await send()).body, { received: true, duplicate: false });
      assert.deepEqual((await send()).body, { received: true, duplicate: true });
      // Kept, and its answer lost: the sender comes again.
      const lost = fromShopify(orderWith('710000000000000004', '2026-01-01T00:00:00Z'), { shop, secret });
      const struck = proxy.loseAnswerTo('webhooks.log_delivery');
      const first = await api.client.post(orders, lost.body, { headers: lost.headers });
      await struck;
      assert.equal(first.status, 503, JSON.stringify(first.body));
      const second = await api.client.post(orders, lost.body, { headers: lost.headers });
      assert.equal(second.status, 200);
      assert.deepEqual(await publishedFor(system.api, tenant.id), ['webhook.received', 'webhook.received']);
      const workers = await system.spawnWorkers();
      for (const id of ['710000000000000003', '710000000000000004']) {
        await until(async () => (await ordersOf(tenant.id, id)).length > 0, 60_000);
        const [order, ...others] = await ordersOf(tenant.id, id);
        assert.deepEqual(others, []);
        await untilCompleted(await temporalClient(), orderWorkflowId(order?.id ?? ''));
      }
      await workers.stop();
    } finally {
      await api.close();
      await behind.close();
      await proxy.close();
    }
  });

  /** A provider that speaks the list of Stripe's events, and Shopify's lists of orders and products. */
  async function startProvider(lists: {
    events: object[];
    orders: string[];
    asked: { url: string; token: string }[];
  }): Promise<{ url: string; address: string; close(): Promise<void> }> {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const url = new URL(request.url ?? '/', 'http://provider');
      const token = String(request.headers['authorization'] ?? request.headers['x-shopify-access-token']);
      lists.asked.push({ url: `${url.pathname}${url.search}`, token });
      response.setHeader('content-type', 'application/json');
      // Never answers.
      if (token.includes('hang')) return;
      if (url.pathname === '/v1/events') {
        const after = lists.events.findIndex(
          (one) => (one as { id: string }).id === url.searchParams.get('starting_after'),
        );
        const data = lists.events.slice(after + 1, after + 3);
        const has_more = after + 3 < lists.events.length;
        response.end(JSON.stringify({ object: 'list', data, has_more }));
        return;
      }
      const page = Number(url.searchParams.get('page_info') ?? 0);
      const orderPage = url.pathname.endsWith('/orders.json');
      const shown = orderPage ? lists.orders.slice(page, page + 1) : [];
      if (orderPage && page + 1 < lists.orders.length) {
        const next = `http://${request.headers.host}${url.pathname}?limit=250&page_info=${page + 1}`;
        response.setHeader('link', `<${next}>; rel="next"`);
      }
      response.end(`{"${orderPage ? 'orders' : 'products'}":[${shown.join(',')}]}`);
    };
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      address,
      url: `http://${address}`,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }

  it('asks providers for what was missed, by their pages, and takes it once', async () => {
    const lists = {
      events: [] as object[],
      orders: [] as string[],
      asked: [] as { url: string; token: string }[],
    };
    const provider = await startProvider(lists);
    const secrets = new SourceSecrets(system.api.services.config.ENCRYPTION_KEYS);
    const { database, log } = system.api.services;
    const reconciliation = createReconciliation({
      database,
      secrets,
      config: { OUTBOUND_ALLOW_PRIVATE: [provider.address] },
      log,
    });
    try {
      const credentials = { token: 'token-of-the-provider', base_url: provider.url };
      const shop = await shopOf(system, { credentials });
      const owner = shop.client;
      const made = await owner.post('/v1/webhook-sources', {
        kind: 'stripe',
        name: 'stripe',
        secret: `whsec_${randomUUID()}`,
        credentials,
      });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.equal(made.body.reconciles, true);
      assert.doesNotMatch(JSON.stringify(made.body), /token-of-the-provider/);
      const event = (n: number) => ({
        id: `evt_missed_${n}`,
        type: 'payout.paid',
        created: 1_700_000_000 + n,
        data: { object: { id: `po_${n}`, object: 'payout' } },
      });
      lists.events = [5, 4, 3, 2, 1].map(event);
      lists.orders = ['720000000000000001', '720000000000000002'].map((id) =>
        orderWith(id, '2026-01-01T00:00:00Z'),
      );
      // One of them did come, and is known.
      const came = fromShopify(orderWith('720000000000000001', '2026-01-01T00:00:00Z'), shop);
      await system.send(orders, came);
      const { body: list } = await owner.get('/v1/webhooks/inbound');
      const activities = createInboundActivities(system.api.services);
      await activities.attemptInbound({ inboundId: list.items[0].id, tenantId: shop.tenant.id, attempt: 1 });

      const ended = new AbortController();
      assert.deepEqual(await reconciliation.run(ended.signal), { asked: 2, failed: 0, found: 6 });
      const { body: all } = await owner.get('/v1/webhooks/inbound', { query: { limit: 50 } });
      assert.equal(all.items.length, 7);
      const missed = all.items.find(({ event_id }: { event_id: string }) =>
        event_id.startsWith('reconciled:72'),
      );
      const { body: detail } = await owner.get(`/v1/webhooks/inbound/${missed.id}`);
      assert.equal(detail.deliveries[0].via, 'reconciliation');
      await activities.attemptInbound({ inboundId: missed.id, tenantId: shop.tenant.id, attempt: 1 });
      const { body: processed } = await owner.get(`/v1/webhooks/inbound/${missed.id}`);
      assert.equal(processed.entity.external_id, '720000000000000002');
      assert.deepEqual(
        new Set(lists.asked.map(({ token }) => token)),
        new Set(['Bearer token-of-the-provider', 'token-of-the-provider']),
      );
      // Nothing is due again so soon; and asked again, nothing is new.
      assert.deepEqual(await reconciliation.run(ended.signal), { asked: 0, failed: 0, found: 0 });
      const again = () =>
        database.transaction('webhooks', ({ sql }) =>
          sql(
            'update webhooks.sources set reconcile_due_at = now() where tenant_id = $1 and credentials is not null',
            [shop.tenant.id],
          ),
        );
      await again();
      assert.equal((await reconciliation.run(ended.signal)).found, 0);
      // One that is away is noted, and asked again later.
      await provider.close();
      await again();
      assert.deepEqual(await reconciliation.run(ended.signal), { asked: 2, failed: 2, found: 0 });
      const { body: source } = await owner.get(`/v1/webhook-sources/${made.body.id}`);
      assert.ok(source.reconcile_error && source.reconciled_until);
    } finally {
      await reconciliation.close();
      await provider.close().catch(() => undefined);
    }
  });

  it('asks others meanwhile when a provider does not answer, and takes no topic that is none', async () => {
    const event = (type: string, index: number) => ({
      id: `evt_listed_${index}`,
      type,
      data: { object: { id: `po_${index}`, object: 'payout' } },
    });
    const lists = {
      events: ['payout.paid', 'x'.repeat(5_000), 'a\0b'].map(event),
      orders: [] as string[],
      asked: [] as { url: string; token: string }[],
    };
    const provider = await startProvider(lists);
    const { database, log, config } = system.api.services;
    const reconciliation = createReconciliation({
      database,
      secrets: new SourceSecrets(config.ENCRYPTION_KEYS),
      config: { OUTBOUND_ALLOW_PRIVATE: [provider.address] },
      log,
    });
    const ended = new AbortController();
    let running: Promise<unknown> = Promise.resolve();
    try {
      const { client } = await shopOf(system);
      for (const token of ['hang', 'good']) {
        const { status } = await client.post('/v1/webhook-sources', {
          kind: 'stripe',
          name: token,
          secret: `whsec_${randomUUID()}`,
          credentials: { token, base_url: provider.url },
        });
        assert.equal(status, 201);
      }
      running = reconciliation.run(ended.signal).catch(() => undefined);
      const topics = await until(async () => {
        const { body } = await client.get('/v1/webhooks/inbound');
        return body.items.length > 0 ? body.items.map(({ topic }: { topic: string }) => topic) : null;
      });
      assert.deepEqual(topics, ['payout.paid']);
      assert.ok(lists.asked.some(({ token }) => token.includes('hang')));
    } finally {
      ended.abort();
      await running;
      await reconciliation.close();
      await provider.close();
    }
  });

  it('forgets bodies and deliveries in time, and everything of a tenant that is erased', async () => {
    const { tenant, client, shop, secret } = await shopOf(system);
    const { database } = system.api.services;
    await system.send(
      orders,
      fromShopify(orderWith('730000000000000001', '2026-01-01T00:00:00Z'), { shop, secret }),
    );
    const { body: list } = await client.get('/v1/webhooks/inbound');
    const id = list.items[0].id as string;
    // All of them, also those of the tests before: they lie on several pages.
    const older = (days: number) =>
      database.transaction('webhooks', ({ sql }) =>
        sql('update webhooks.inbound_deliveries set received_at = now() - make_interval(days => $1)', [days]),
      );
    const forget = async (): Promise<void> => {
      for (let after: string | null = firstDelivery; after !== null;) {
        const from: string = after;
        const page = await database.transaction('webhooks', ({ sql }) =>
          forgetOldInbound(sql, { bodies: 30, log: 90 }, from, 1),
        );
        after = page.reached;
      }
    };
    await older(31);
    // What is still to be done keeps its body.
    await forget();
    assert.ok((await client.get(`/v1/webhooks/inbound/${id}`)).body.deliveries[0].body);
    const activities = createInboundActivities(system.api.services);
    await activities.attemptInbound({ inboundId: id, tenantId: tenant.id, attempt: 1 });
    await forget();
    assert.equal((await client.get(`/v1/webhooks/inbound/${id}`)).body.deliveries[0].body, null);
    await older(91);
    await forget();
    assert.equal((await client.get(`/v1/webhooks/inbound/${id}`)).status, 404);

    await system.send(
      orders,
      fromShopify(orderWith('730000000000000002', '2026-01-01T00:00:00Z'), { shop, secret }),
    );
    await database.transaction('webhooks', ({ sql }) => sql(`delete from webhooks.outbox_deliveries`));
    for (let gone = 1; gone > 0;)
      gone = await database.transaction('webhooks', ({ sql }) => eraseTenantFromWebhooks(sql, tenant.id, 1));
    await database.read('webhooks', async ({ sql }) => {
      const tables = await sql<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'webhooks'`,
      );
      for (const { name } of tables) {
        const rows = await sql(`select 1 from webhooks.${name} t where t::text like $1`, [`%${tenant.id}%`]);
        assert.equal(rows.length, 0, name);
      }
    });
  });
});
