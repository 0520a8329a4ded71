import assert from 'node:assert/strict';
import { keepHistory } from '../support/histories.ts';
import {
  aSender,
  orderOf,
  startOrdersSystem,
  untilOrder,
  type OrdersSystem,
} from '../support/orders-system.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import type { ApiClient, Tenant } from '../support/api.ts';
import type { Json } from '../support/json.ts';

describe('Orders', function () {
  this.timeout(180_000);
  let system: OrdersSystem;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    system = await startOrdersSystem();
  });
  after(() => system?.close());
  beforeEach(async () => {
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    for (const list of [system.processor.calls]) list.length = 0;
    system.processor.done.clear();
    system.processor.loses.clear();
    system.processor.declines.clear();
  });

  const place = async (change: Record<string, unknown> = {}): Promise<Json> => {
    const { status, body } = await member.post('/v1/orders', orderOf(change));
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const stock = async (sku: string, onHand: number, location = 'berlin'): Promise<void> => {
    const added = await member.post('/v1/stock', {
      sku,
      title: sku,
      price: '1000',
      currency: 'EUR',
      weight_grams: 350,
    });
    assert.ok([201, 409].includes(added.status), JSON.stringify(added.body));
    const set = await member.put(`/v1/stock/${sku}/locations/${location}`, { on_hand: onHand });
    assert.equal(set.status, 200, JSON.stringify(set.body));
  };
  const stockOf = async (sku: string): Promise<Json> => (await member.get(`/v1/stock/${sku}`)).body.locations;
  const ship = (order: Json, quantity: number) =>
    member.post(`/v1/orders/${order.id}/fulfillments`, {
      lines: [{ line_id: order.lines[0].id, quantity }],
    });
  const report = (order: Json, fulfillment: Json, status: string, at = '2026-11-28T10:00:00Z') =>
    member.post(`/v1/orders/${order.id}/fulfillments/${fulfillment.id}/tracking`, {
      status,
      occurred_at: at,
    });
  const timelineOf = async (id: string): Promise<{ type: string; data: Json; version: number }[]> =>
    (await member.get(`/v1/orders/${id}/timeline`, { query: { limit: '200' } })).body.items;
  const statusesOf = async (id: string): Promise<string[]> =>
    (await timelineOf(id)).filter(({ type }) => type === 'order.status_changed').map(({ data }) => data.to);
  const typesOf = async (id: string): Promise<string[]> => (await timelineOf(id)).map(({ type }) => type);

  it('goes from placed to completed by itself, and takes the money when it leaves', async () => {
    await stock('MUG', 5);
    const placed = await place();
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.equal(shipped.payment_status, 'paid');
    assert.equal(shipped.totals.captured, '3490');
    assert.deepEqual(system.processor.effects('authorize'), [3490n]);
    assert.deepEqual(system.processor.effects('capture'), [3490n]);
    assert.deepEqual(await stockOf('MUG'), [{ location: 'berlin', on_hand: 2, reserved: 0, available: 2 }]);
    const [fulfillment] = shipped.fulfillments;
    assert.equal((await report(placed, fulfillment, 'in_transit')).status, 200);
    assert.equal((await report(placed, fulfillment, 'delivered', '2026-11-29T10:00:00Z')).status, 200);
    await untilOrder(member, placed.id, 'completed');
    assert.deepEqual(await statusesOf(placed.id), ['processing', 'shipped', 'delivered', 'completed']);
    const late = await report(placed, fulfillment, 'in_transit', '2026-11-30T10:00:00Z');
    assert.equal(late.body.fulfillments[0].tracking_status, 'delivered');
    const { body: tracking } = await member.get(`/v1/orders/${placed.id}/tracking`);
    assert.deepEqual(
      tracking.packages[0].events.map(({ status }: Json) => status),
      ['in_transit', 'delivered', 'in_transit'],
    );
    const client = await temporalClient();
    await untilCompleted(client, `order:${placed.id}`);
    await keepHistory(
      client,
      system.api.services.database,
      `order:${placed.id}`,
      'fulfillOrder/straight-at-hand',
    );
  });

  it('ships two of three, then the third, and delivers in two steps', async () => {
    const placed = await place({ fulfillment: 'manual' });
    await untilOrder(member, placed.id, 'processing');
    assert.equal((await ship(placed, 2)).status, 200);
    await untilOrder(member, placed.id, 'partially_shipped');
    assert.equal((await ship(placed, 1)).status, 200);
    const shipped = await untilOrder(member, placed.id, 'shipped');
    const fourth = await ship(placed, 1);
    assert.deepEqual([fourth.status, fourth.body.code], [409, 'orders.quantity_exceeded']);
    const cancelled = await member.post(`/v1/orders/${placed.id}/cancel`);
    assert.deepEqual([cancelled.status, cancelled.body.offer], [409, 'return']);
    for (const fulfillment of shipped.fulfillments) await report(placed, fulfillment, 'delivered');
    const done = await untilOrder(member, placed.id, 'completed');
    assert.equal(done.totals.captured, '3490');
    assert.deepEqual(system.processor.effects('capture'), [2490n, 1000n]);
    assert.deepEqual(await statusesOf(placed.id), [
      'processing',
      'partially_shipped',
      'shipped',
      'partially_delivered',
      'delivered',
      'completed',
    ]);
    const types = await typesOf(placed.id);
    assert.equal(types.filter((type) => type === 'order.delivered').length, 1);
    assert.equal(types.filter((type) => type === 'order.shipped').length, 2);
  });

  it('asks the customer about what is missing, and takes only that out', async () => {
    await stock('MUG', 5);
    await stock('RARE', 1);
    const lines = [
      { sku: 'MUG', quantity: 1 },
      { sku: 'RARE', quantity: 2 },
    ];
    const placed = await place({ lines });
    const asked = await untilOrder(member, placed.id, 'customer_action_required');
    assert.deepEqual(
      asked.lines.map(({ missing }: Json) => missing),
      [false, true],
    );
    assert.ok(asked.deadline);
    assert.equal((await member.post(`/v1/orders/${placed.id}/hold`)).status, 409);
    const read = await member.get(`/v1/orders/${placed.id}`);
    const headers = { 'If-Match': '"77"' };
    const stale = await member.post(`/v1/orders/${placed.id}/amend`, { remove_missing: true }, { headers });
    assert.equal(stale.status, 412);
    const amended = await member.post(
      `/v1/orders/${placed.id}/amend`,
      { remove_missing: true },
      { headers: { 'If-Match': read.headers.get('etag') ?? '' } },
    );
    assert.equal(amended.status, 200, JSON.stringify(amended.body));
    assert.equal(amended.body.status, 'processing');
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.deepEqual(
      shipped.lines.map(({ cancelled, shipped: left }: Json) => [cancelled, left]),
      [
        [0, 1],
        [2, 0],
      ],
    );
    assert.equal(shipped.totals.captured, '1490');
    assert.deepEqual(await stockOf('RARE'), [{ location: 'berlin', on_hand: 1, reserved: 0, available: 1 }]);
  });

  it('goes on with something else in the place of what is missing', async () => {
    await stock('MUG', 5);
    await stock('RARE', 1);
    const lines = [
      { sku: 'MUG', quantity: 1 },
      { sku: 'RARE', quantity: 2 },
    ];
    const placed = await place({ lines });
    await untilOrder(member, placed.id, 'customer_action_required');
    const amend = (add_lines: object[]) =>
      member.post(`/v1/orders/${placed.id}/amend`, { remove_missing: true, add_lines });
    const tooMuch = await amend([{ sku: 'MUG', quantity: 3 }]);
    assert.deepEqual(
      [tooMuch.status, tooMuch.body.code, tooMuch.body.due, tooMuch.body.covered],
      [422, 'orders.not_covered', '4490', '3490'],
    );
    const unknown = await amend([{ sku: 'NEVER-SEEN', quantity: 1 }]);
    assert.deepEqual(
      [unknown.status, unknown.body.code, unknown.body.issues[0].pointer],
      [422, 'orders.price_missing', '/body/add_lines/0/unit_price'],
    );
    const amended = await amend([{ sku: 'MUG', quantity: 1, unit_price: '900' }]);
    assert.deepEqual(
      [amended.status, amended.body.status],
      [200, 'processing'],
      JSON.stringify(amended.body),
    );
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.deepEqual(
      shipped.lines.map(({ sku, cancelled, shipped: left }: Json) => [sku, cancelled, left]),
      [
        ['MUG', 0, 1],
        ['RARE', 2, 0],
        ['MUG', 0, 1],
      ],
    );
    assert.equal(shipped.totals.captured, '2390');
    assert.equal((await stockOf('MUG'))[0].on_hand, 3);
  });

  it('times out when nobody answers: stock restored, nothing charged', async () => {
    await stock('RARE', 1);
    await stock('MUG', 5);
    const placed = await place({
      lines: [
        { sku: 'MUG', quantity: 1 },
        { sku: 'RARE', quantity: 2 },
      ],
      action_deadline_hours: 0.0004,
    });
    await untilOrder(member, placed.id, 'timed_out');
    await untilCompleted(await temporalClient(), `order:${placed.id}`);
    const ended = await untilOrder(member, placed.id, 'timed_out');
    assert.equal(ended.payment_status, 'voided');
    assert.deepEqual(system.processor.effects('capture'), []);
    for (const [sku, available] of [
      ['MUG', 5],
      ['RARE', 1],
    ] as const)
      assert.equal((await stockOf(sku))[0].available, available);
    const late = await member.post(`/v1/orders/${placed.id}/amend`, { remove_missing: true });
    assert.deepEqual([late.status, late.body.code], [409, 'orders.order_state']);
    const client = await temporalClient();
    await keepHistory(
      client,
      system.api.services.database,
      `order:${placed.id}`,
      'fulfillOrder/timed-out-at-hand',
    );
  });

  it('gives everything back once when the carrier refuses after the charge, whatever answer is lost', async () => {
    await stock('MUG', 5);
    const sender = await member.post('/v1/stock-locations', { location: 'berlin', sender: aSender });
    assert.equal(sender.status, 201, JSON.stringify(sender.body));
    system.processor.loses.set('refund', 2);
    system.processor.loses.set('capture', 1);
    system.processor.loses.set('authorize', 1);
    const placed = await place({
      shipping_address: { line1: 'McMurdo', city: 'Ross Island', country: 'AQ' },
      payment: { mode: 'processor', method: 'pm_card_visa', capture: 'immediately' },
    });
    await untilCompleted(await temporalClient(), `order:${placed.id}`);
    const failed = await untilOrder(member, placed.id, 'failed');
    assert.equal(failed.payment_status, 'refunded');
    assert.equal(failed.problem.code, 'orders.carrier_refused');
    assert.deepEqual(system.processor.effects('refund'), [3490n]);
    assert.equal(
      new Set(system.processor.calls.filter(({ kind }) => kind === 'refund').map(({ key }) => key)).size,
      1,
    );
    assert.equal((await stockOf('MUG'))[0].available, 5);
    const types = await typesOf(placed.id);
    assert.equal(types.filter((type) => type === 'order.refunded').length, 1);
    const client = await temporalClient();
    await keepHistory(
      client,
      system.api.services.database,
      `order:${placed.id}`,
      'fulfillOrder/refunded-at-hand',
    );
  });

  it('fails when the card is declined', async () => {
    await stock('MUG', 5);
    const placed = await place({ payment: { mode: 'processor', method: 'declined_authorize' } });
    const failed = await untilOrder(member, placed.id, 'failed');
    assert.equal(failed.payment_status, 'failed');
    assert.equal((await stockOf('MUG'))[0].available, 5);
    assert.ok((await typesOf(placed.id)).includes('order.payment_failed'));
  });

  it('is held, released and cancelled', async () => {
    await stock('MUG', 5);
    const placed = await place({ fulfillment: 'manual' });
    await untilOrder(member, placed.id, 'processing');
    const held = await member.post(`/v1/orders/${placed.id}/hold`, { reason: 'Looks like fraud.' });
    assert.deepEqual([held.body.status, held.body.hold_reason], ['on_hold', 'Looks like fraud.']);
    assert.equal((await ship(placed, 1)).status, 409);
    assert.equal((await member.post(`/v1/orders/${placed.id}/hold`)).status, 200, 'it may be repeated');
    assert.equal((await member.post(`/v1/orders/${placed.id}/release`)).body.status, 'processing');
    assert.equal((await stockOf('MUG'))[0].reserved, 3);
    const cancelled = await member.post(`/v1/orders/${placed.id}/cancel`);
    assert.equal(cancelled.body.status, 'cancelled');
    assert.equal((await stockOf('MUG'))[0].reserved, 0, 'at once');
    await untilOrder(member, placed.id, ({ payment_status: now }) => now === 'voided');
    assert.equal((await member.post(`/v1/orders/${placed.id}/cancel`)).status, 200, 'it may be repeated');
    const client = await temporalClient();
    await untilCompleted(client, `order:${placed.id}`);
    await keepHistory(
      client,
      system.api.services.database,
      `order:${placed.id}`,
      'fulfillOrder/held-and-cancelled-at-hand',
    );
  });

  it('gives ten units to ten of fifty orders that come at once, and the eleventh when one is cancelled', async () => {
    await stock('LAST', 10);
    const orders = await Promise.all(
      Array.from({ length: 50 }, () =>
        place({ lines: [{ sku: 'LAST', quantity: 1 }], fulfillment: 'manual' }),
      ),
    );
    const decided = await Promise.all(
      orders.map(({ id }) =>
        untilOrder(member, id, ({ status }) => ['processing', 'customer_action_required'].includes(status)),
      ),
    );
    const got: Json[] = decided.filter(({ status }) => status === 'processing');
    assert.equal(got.length, 10);
    assert.deepEqual(await stockOf('LAST'), [
      { location: 'berlin', on_hand: 10, reserved: 10, available: 0 },
    ]);
    const tooFew = await member.put('/v1/stock/LAST/locations/berlin', { on_hand: 9 });
    assert.deepEqual([tooFew.status, tooFew.body.code], [409, 'orders.stock_negative']);
    await member.post(`/v1/orders/${got[0].id}/cancel`);
    assert.equal((await stockOf('LAST'))[0].available, 1);
  });

  it('sends from several locations what no single one has', async () => {
    await stock('MUG', 2, 'berlin');
    await stock('MUG', 1, 'lyon');
    const placed = await place();
    const shipped = await untilOrder(member, placed.id, 'shipped');
    assert.deepEqual(
      shipped.fulfillments.map(({ location, amount }: Json) => [location, amount]),
      [
        ['berlin', '2490'],
        ['lyon', '1000'],
      ],
    );
    assert.equal(shipped.totals.captured, '3490');
  });

  const delivered = async (change: Record<string, unknown> = {}): Promise<Json> => {
    const placed = await place(change);
    const shipped = await untilOrder(member, placed.id, 'shipped');
    for (const one of shipped.fulfillments) await report(placed, one, 'delivered');
    return await untilOrder(member, placed.id, 'completed');
  };

  it('takes units back that were delivered, pays for them once, and has them in stock again', async () => {
    await stock('MUG', 5);
    const order = await delivered();
    const ask = (quantity: number) =>
      member.post(`/v1/orders/${order.id}/returns`, { lines: [{ line_id: order.lines[0].id, quantity }] });
    const asked = await ask(2);
    assert.equal(asked.status, 201, JSON.stringify(asked.body));
    const tooMany = await ask(2);
    assert.deepEqual([tooMany.status, tooMany.body.code], [409, 'orders.quantity_exceeded']);
    const address = `/v1/returns/${asked.body.id}`;
    const early = await member.post(`${address}/receive`, {
      lines: [{ line_id: order.lines[0].id, quantity: 1 }],
    });
    assert.deepEqual([early.status, early.body.code], [409, 'orders.return_state']);
    assert.equal((await member.post(`${address}/approve`)).body.status, 'approved');
    system.processor.loses.set('refund', 1);
    const receive = (quantity: number) =>
      member.post(`${address}/receive`, {
        lines: [{ line_id: order.lines[0].id, quantity }],
        restock_at: 'berlin',
      });
    assert.equal((await receive(1)).body.status, 'partially_received');
    assert.equal((await receive(2)).status, 409);
    assert.equal((await receive(1)).body.status, 'received');
    const client = await temporalClient();
    await untilCompleted(client, `return:${asked.body.id}`);
    assert.equal((await member.get(address)).body.status, 'closed');
    assert.deepEqual(system.processor.effects('refund'), [2000n]);
    assert.equal((await stockOf('MUG'))[0].on_hand, 4);
    const after = (await member.get(`/v1/orders/${order.id}`)).body;
    assert.deepEqual([after.payment_status, after.return_status], ['partially_refunded', 'closed']);
    await keepHistory(
      client,
      system.api.services.database,
      `return:${asked.body.id}`,
      'returnOrder/received',
    );
    const declined = await ask(1);
    await member.post(`/v1/returns/${declined.body.id}/decline`, { reason: 'It was worn.' });
    await untilCompleted(client, `return:${declined.body.id}`);
    await keepHistory(
      client,
      system.api.services.database,
      `return:${declined.body.id}`,
      'returnOrder/declined',
    );
  });

  it('exchanges, and settles the difference', async () => {
    await stock('MUG', 5);
    const order = await delivered();
    const asked = await member.post(`/v1/orders/${order.id}/returns`, {
      lines: [{ line_id: order.lines[0].id, quantity: 2 }],
      exchange_for: [{ sku: 'MUG', quantity: 1 }],
    });
    await member.post(`/v1/returns/${asked.body.id}/approve`);
    await member.post(`/v1/returns/${asked.body.id}/receive`, {
      lines: [{ line_id: order.lines[0].id, quantity: 2 }],
    });
    await untilCompleted(await temporalClient(), `return:${asked.body.id}`);
    const { body: done } = await member.get(`/v1/returns/${asked.body.id}`);
    const instead = await untilOrder(member, done.exchange_order_id, 'shipped');
    assert.deepEqual([instead.source, instead.source_order_id], ['exchange', order.id]);
    assert.deepEqual([instead.totals.due, instead.totals.credit], ['0', '1000']);
    assert.deepEqual(system.processor.effects('refund'), [1000n], 'what was left over');
  });

  it('gives a part back when a person wants to, and never more than was paid', async () => {
    await stock('MUG', 5);
    const order = await delivered();
    const refund = (body: object) => member.post(`/v1/orders/${order.id}/refunds`, body);
    const some = await refund({ amount: '490', reason: 'It was late.' });
    assert.equal(some.status, 202, JSON.stringify(some.body));
    const line = await refund({ lines: [{ line_id: order.lines[0].id, quantity: 1 }] });
    assert.equal(line.body.items[0].amount, '1000');
    const tooMuch = await refund({ amount: '2001' });
    assert.deepEqual([tooMuch.status, tooMuch.body.refundable], [409, '2000']);
    await untilOrder(member, order.id, ({ totals }) => totals.refunded === '1490');
    const client = await temporalClient();
    await untilCompleted(client, `refund:${some.body.items[0].id}`);
    await keepHistory(
      client,
      system.api.services.database,
      `refund:${some.body.items[0].id}`,
      'refundOrder/straight',
    );
    const { body } = await member.get(`/v1/orders/${order.id}/refunds`);
    assert.deepEqual(
      body.items.map(({ state, cause }: Json) => [state, cause]),
      [
        ['settled', 'goodwill'],
        ['settled', 'goodwill'],
      ],
    );
  });

  it('is ordered again at the price of today, and says what is not as it was', async () => {
    await stock('MUG', 5);
    await stock('GONE', 5);
    const order = await place({
      lines: [
        { sku: 'MUG', quantity: 5 },
        { sku: 'GONE', quantity: 1 },
      ],
    });
    await untilOrder(member, order.id, 'shipped');
    await member.patch('/v1/stock/MUG', { price: '1200' });
    await member.patch('/v1/stock/GONE', { active: false });
    const again = await member.post(`/v1/orders/${order.id}/reorder`, {});
    assert.equal(again.status, 201, JSON.stringify(again.body));
    assert.deepEqual(again.body.changes, [
      { sku: 'MUG', change: 'price_changed', before: '1000', now: '1200' },
      { sku: 'MUG', change: 'short', available: 0 },
      { sku: 'GONE', change: 'not_sold' },
    ]);
    assert.deepEqual([again.body.order.source, again.body.order.source_order_id], ['reorder', order.id]);
    assert.equal(again.body.order.lines[0].unit_price, '1200');
    assert.ok((await typesOf(again.body.order.id)).includes('order.reordered'));
  });

  it('waits for a payment that is made elsewhere, and is refunded for a package that is lost', async () => {
    await stock('MUG', 5);
    const unpaid = await place({ payment: { mode: 'external' }, action_deadline_hours: 0.0004 });
    const cancelled = await untilOrder(member, unpaid.id, 'cancelled');
    assert.equal(cancelled.payment_status, 'unpaid');
    const paid = await place({ payment: { mode: 'external', paid: '3490' } });
    assert.equal((await untilOrder(member, paid.id, 'shipped')).payment_status, 'paid');
    const lost = await place({ lines: [{ sku: 'POSTER', quantity: 1, unit_price: '700' }] });
    const left = await untilOrder(member, lost.id, 'shipped');
    await member.post(`/v1/orders/${lost.id}/fulfillments/${left.fulfillments[0].id}/lost`);
    await untilOrder(member, lost.id, ({ payment_status: now }) => now === 'refunded');
    await untilCompleted(await temporalClient(), `order:${lost.id}`);
    assert.deepEqual(system.processor.effects('refund'), [1190n]);
  });

  it('is one order for one external id, and is found by its number and address alone', async () => {
    const change = { external_id: '820982911946154508' };
    const placed = await place(change);
    const again = await member.post('/v1/orders', orderOf(change));
    assert.deepEqual([again.status, again.body.id], [200, placed.id]);
    assert.equal(placed.external_id, '820982911946154508');
    const anyone = system.api.client;
    const lookUp = (number: string, email: string, organisation = tenant.id) =>
      anyone.post('/v1/order-lookups', { organisation_id: organisation, number, email });
    const found = await lookUp(placed.number.toLowerCase().replaceAll('-', ''), 'ADA@example.com');
    assert.equal(found.status, 200, JSON.stringify(found.body));
    assert.equal(JSON.stringify(found.body).includes('Lovelace'), false);
    const misses = [
      await lookUp(placed.number, 'eve@example.com'),
      await lookUp('000-000-000', 'ada@example.com'),
      await lookUp(placed.number, 'ada@example.com', (await system.api.tenant()).id),
    ];
    const answers = misses.map(({ status, body }) => JSON.stringify([status, { ...body, trace_id: null }]));
    assert.equal(misses[0]?.status, 404);
    assert.equal(new Set(answers).size, 1, 'the answer tells nothing');
  });
});
