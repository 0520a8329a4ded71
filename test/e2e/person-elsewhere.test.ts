import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createRoutes } from '../../api/routes.ts';
import { domains } from '../../domain/domains.ts';
import { domainsOfPeople } from '../../domain/search/erasure.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../support/api.ts';
import { filesOfArchive } from '../support/archive.ts';
import { keepHistory } from '../support/histories.ts';
import { TestCarrier, TestProcessor } from '../support/order-outside.ts';
import { orderOf, untilOrder } from '../support/orders-system.ts';
import { feedItem, tell } from '../support/feeds.ts';
import { untilStateAt } from '../support/search-system.ts';
import { fromShopify, orderWith } from '../support/senders.ts';
import { temporalClient, temporalServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const person = { email: 'Quillon.Vexley@planted.example', phone: '+49 30 901820', name: 'Quillon Vexley' };
const traces = /quillon|vexley|901820|zanzibar/i;

describe('a person in orders, webhooks and notifications', function () {
  this.timeout(180_000);
  let api: TestApi;
  let workers: RunningWorkers;
  let tenant: Tenant;
  let owner: ApiClient;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains), {
      env: { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent' },
    });
    const { address, namespace } = await temporalServer();
    const outside = { payments: new TestProcessor(), carrier: new TestCarrier() };
    workers = await startWorkers(
      api.services.config,
      { connection: { address }, namespace },
      domains,
      outside,
    );
    tenant = await api.tenant();
    owner = api.client.as(tenant.owner);
  });
  after(async () => {
    await workers?.stop();
    await api?.close();
  });

  /** An order of the person that has ended, with a note. */
  async function endedOrder() {
    const { status, body } = await owner.post(
      '/v1/orders',
      orderOf({
        customer: { email: person.email, name: person.name, phone: person.phone },
        shipping_address: { name: person.name, line1: 'Zanzibar 1', city: 'Berlin', country: 'DE' },
        fulfillment: 'manual',
      }),
    );
    assert.equal(status, 201, JSON.stringify(body));
    await owner.post(`/v1/orders/${body.id}/notes`, { text: 'Quillon rings twice' });
    await untilOrder(owner, body.id, ({ status: now }) => now !== 'pending');
    await owner.post(`/v1/orders/${body.id}/cancel`, { reason: 'Vexley asked for it' });
    return await untilOrder(owner, body.id, 'cancelled');
  }

  /** An order that a shop has told of, which is under way. */
  async function shopOrder() {
    const shop = 'planted.myshopify.com';
    const secret = `secret-${randomUUID()}`;
    const source = { kind: 'shopify', name: shop, shop_domain: shop, secret };
    assert.equal((await owner.post('/v1/webhook-sources', source)).status, 201);
    const text = orderWith('820982911946159999', '2026-11-28T10:00:00Z')
      .replace(/"cancelled_at":\s*"[^"]*"/, '"cancelled_at":null')
      .replace(/"financial_status":\s*"[^"]*"/, '"financial_status":"paid"')
      .replaceAll('jon@example.com', person.email);
    const { body, headers } = fromShopify(text, { shop, secret });
    const answer = await fetch(`${api.url}/webhooks/shopify/orders`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200);
    const [order] = await until(async () => {
      const { items } = (await owner.get('/v1/orders', { query: { source: 'shopify' } })).body;
      return items.length > 0 ? items : null;
    });
    return await untilOrder(owner, order.id, 'shipped');
  }

  /** A message to an endpoint, and an answer to one, that speak of the person, as a receiver may do. */
  async function sentTexts(): Promise<void> {
    await api.services.database.transaction('webhooks', async ({ sql }) => {
      for (const [bodies, answer] of [
        [{ 1: JSON.stringify({ type: 'batch.completed', data: { to: person.email } }) }, null],
        [{ 1: '{"type":"batch.completed","data":{}}' }, JSON.stringify({ phone: '030 / 90 18 20' })],
      ]) {
        const id = uuidv7();
        await sql(
          `insert into webhooks.messages (id, tenant_id, type, subject, operational, bodies, occurred_at)
           values ($1, $2, 'batch.completed', 'batch:1', false, $3, now())`,
          [id, tenant.id, JSON.stringify(bodies)],
        );
        await sql(
          `insert into webhooks.attempts (id, message_id, endpoint_id, tenant_id, number, trigger, outcome, started_at,
             request_headers, response_body) values ($1, $2, $3, $4, 1, 'event', 'delivered', now(), '{}', $5)`,
          [uuidv7(), id, uuidv7(), tenant.id, answer],
        );
      }
    });
  }

  /** Addresses, one of which is to get no mails, and what a mail server and a feed say of the person, as they may. */
  async function notices(): Promise<void> {
    const entry = { address: person.email, reason: 'complaint', detail: 'Vexley has rung' };
    assert.equal((await owner.post('/v1/notifications/suppressions', entry)).status, 201);
    const delivery = uuidv7();
    await api.services.database.transaction('notifications', async ({ sql }) => {
      await sql(
        `insert into notifications.addresses (id, tenant_id, address, used_at)
         values ($1, $2, 'q.vexley@planted.example', now() - interval '1 day')`,
        [uuidv7(), tenant.id],
      );
      await sql(
        `insert into notifications.deliveries
           (id, tenant_id, channel, recipient, category, critical, open, state, last_problem)
         values ($1, $2, 'email', 'order:1', 'orders', false, false, 'failed', '+49 30 901820 is full')`,
        [delivery, tenant.id],
      );
      await sql(
        `insert into notifications.attempts (id, delivery_id, tenant_id, number, outcome, started_at, answer)
         values ($1, $2, $3, 1, 'refused', now(), '+49 30 901820 is full')`,
        [uuidv7(), delivery, tenant.id],
      );
    });
    const items = [{ title: `Done; ${person.email}` }, {}].map((given) => feedItem(tenant.owner, given));
    assert.equal(await tell(api.services.database, ...items), 2);
  }

  /** All that the tables of the domains still say of the person. Bodies that came in are sealed: they count as they stand. */
  async function remains(): Promise<string[]> {
    const found: string[] = [];
    for (const domain of domainsOfPeople)
      await api.services.database.read(domain, async ({ sql }) => {
        const tables = await sql<{ name: string }>(
          `select table_name as name from information_schema.tables where table_schema = $1`,
          [domain],
        );
        for (const { name } of tables) {
          const rows = await sql<{ row: string }>(`select t::text as row from ${domain}.${name} t`);
          for (const { row } of rows) if (traces.test(row)) found.push(`${domain}.${name}: ${row}`);
        }
        if (domain === 'webhooks')
          for (const _ of await sql('select 1 from webhooks.inbound_deliveries where body is not null'))
            found.push('a body that came in');
      });
    return found;
  }

  it('is exported whole, and forgotten as soon as what is under way has ended', async () => {
    await notices();
    const [ended, underWay] = [await endedOrder(), await shopOrder()];
    await sentTexts();
    // Another customer's order, on which a note names the person.
    const { body: other } = await owner.post('/v1/orders', orderOf({ fulfillment: 'manual' }));
    await owner.post(`/v1/orders/${other.id}/notes`, { text: `A gift of ${person.email}, please wrap it.` });
    assert.ok((await remains()).length > 5);
    const emails = [person.email.toLowerCase(), 'Q.Vexley@planted.example'];
    const subject = { emails, phones: [person.phone] };

    const asked = await owner.post('/v1/exports', { of: 'person', person: subject });
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
    const view = await untilStateAt(owner, asked.headers.get('location') ?? '', ['completed'], 90_000);
    const archive = Buffer.from(await (await fetch(view.download.url)).arrayBuffer());
    const files = await filesOfArchive(archive);
    const linesOf = (name: string) => (files.get(name) ?? '').split('\n').filter((line) => line !== '');
    assert.equal(linesOf('orders/orders.ndjson').length, 2);
    assert.equal(linesOf('orders/notes.ndjson').length, 1);
    assert.equal(linesOf('webhooks/messages.ndjson').length, 1);
    assert.equal(linesOf('webhooks/attempts.ndjson').length, 1);
    assert.equal(linesOf('notifications/addresses.ndjson').length, 2);
    assert.match(linesOf('notifications/suppressions.ndjson').join('\n'), /^[^\n]*Vexley has rung[^\n]*$/);
    assert.match(linesOf('notifications/deliveries.ndjson').join('\n'), /is full/);
    assert.match(linesOf('notifications/attempts.ndjson').join('\n'), /is full/);
    assert.equal(linesOf('notifications/feed-items.ndjson').length, 1);
    const [inbound] = linesOf('webhooks/inbound_bodies.ndjson');
    assert.match(inbound ?? '', /planted\.example/);

    const { body: wish } = await owner.post('/v1/erasures', subject);
    const at = `/v1/erasures/${wish.id}`;
    // The order that is under way is waited for; all else is gone by then.
    const waiting = await until(async () => {
      const { body } = await owner.get(at);
      return body.waits_for.length > 0 ? body : null;
    }, 60_000);
    assert.deepEqual(waiting.waits_for, [{ process: `order:${underWay.id}`, paused: false }]);
    assert.equal(waiting.state, 'submitted');
    assert.equal(waiting.report.orders, 1);
    assert.deepEqual(
      (await remains()).filter((one) => !one.includes(underWay.id)),
      [],
    );
    await api.services.database.transaction('orders', ({ sql }) =>
      sql(`update orders.orders set status = 'completed', finished_at = now() where id = $1`, [underWay.id]),
    );
    const done = await untilStateAt(owner, at, ['completed'], 60_000);
    assert.deepEqual(await remains(), []);
    const { orders, webhooks, messages, addresses, notices: texts } = done.report;
    assert.deepEqual({ orders, webhooks, messages }, { orders: 2, webhooks: 1, messages: 2 });
    // An entry loses what was noted beside it with its address.
    assert.deepEqual({ addresses, texts }, { addresses: 2, texts: 2 });
    assert.deepEqual(done.waits_for, []);

    // For the books: what was ordered, and what it cost.
    const { body: kept } = await owner.get(`/v1/orders/${ended.id}`);
    assert.deepEqual([kept.number, kept.total, kept.lines], [ended.number, ended.total, ended.lines]);
    assert.equal(kept.customer.name, null);
    assert.equal(kept.shipping_address, null);
    // Whose notice is asked for is nobody.
    const { body: others } = await owner.get(`/v1/orders/${other.id}`);
    assert.equal(others.customer.email, 'ada@example.com');

    // The feed keeps what is of nobody; of the addresses that one is known again which gets no mails.
    const { items: told } = (await owner.get('/v1/notifications')).body;
    const titles = told.map(({ title }: { title: string }) => title);
    assert.ok(titles.includes('Your order is on its way'));
    assert.ok(!titles.some((title: string) => title.startsWith('Done; ')));
    const { items: all } = (await owner.get('/v1/notifications/suppressions')).body;
    assert.deepEqual(
      all.map(({ reason, detail }: Record<string, unknown>) => [reason, detail]),
      [['complaint', null]],
    );
    assert.match(all[0].address, /^[0-9a-f]{64}@erased\.invalid$/);
    const query = { address: person.email.toUpperCase() };
    assert.deepEqual((await owner.get('/v1/notifications/suppressions', { query })).body.items, all);
    // A later order is not meant; its mails are held back all the same.
    const again = { customer: { email: person.email }, fulfillment: 'manual' };
    const { body: later } = await owner.post('/v1/orders', orderOf(again));
    await until(async () => {
      const held = await owner.get('/v1/notifications/deliveries', { query: { state: 'suppressed' } });
      return held.body.items.some(({ notices: [notice] }: { notices: { about: string }[] }) =>
        notice?.about.endsWith(later.id),
      );
    });
    assert.deepEqual((await owner.get('/v1/notifications/suppressions')).body.items, all);

    const client = await temporalClient();
    const { database, storage } = api.services;
    await keepHistory(client, database, `erasure:${wish.id}`, 'erasePerson/elsewhere');
    assert.deepEqual(await Array.fromAsync(storage.list('erasures/')), []);
  });
});
