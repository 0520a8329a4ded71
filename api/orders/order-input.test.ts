import assert from 'node:assert/strict';
import { shipped } from '../../test/support/order-fixtures.ts';
import { deliver } from '../../test/support/stored-orders.ts';
import { orderOf, startOrdersSystem, type OrdersSystem } from '../../test/support/orders-system.ts';
import type { ApiClient, Tenant } from '../../test/support/api.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { system as nobody } from '../../db/orders/actor.ts';

describe('What orders take', () => {
  let system: OrdersSystem;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    system = await startOrdersSystem({ withoutWorkers: true });
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    for (const item of [
      { sku: 'OFF', currency: 'EUR', active: false },
      { sku: 'DOLLAR', currency: 'USD' },
      { sku: 'PIN', currency: 'EUR' },
    ])
      await member.post('/v1/stock', { title: item.sku, price: '100', ...item });
  });
  after(() => system?.close());

  const order = async (...works: ((open: OpenOrder) => Promise<void> | void)[]) => {
    const { body } = await member.post('/v1/orders', orderOf({ fulfillment: 'manual' }));
    for (const work of works)
      await system.api.services.database.transaction('orders', (transaction) =>
        changeOrder(transaction, tenant.id, body.id, nobody, work),
      );
    return (await member.get(`/v1/orders/${body.id}`)).body;
  };
  const arrived = async (open: OpenOrder): Promise<void> => {
    for (const one of open.order.fulfillments) await deliver(open, one);
  };

  it('is nothing that is not sold any more', async () => {
    for (const line of [
      { sku: 'OFF', quantity: 1 },
      { sku: 'OFF', quantity: 1, unit_price: '1' },
    ]) {
      const { status, body } = await member.post('/v1/orders', orderOf({ lines: [line] }));
      assert.deepEqual(
        [status, body.code, body.issues?.[0]?.pointer],
        [422, 'orders.item_not_sold', '/body/lines/0/sku'],
      );
    }
  });

  it('is no exchange for what is unknown, of another currency, or not sold', async () => {
    const delivered = await order(shipped, arrived);
    const exchangeFor = (sku: string) =>
      member.post(`/v1/orders/${delivered.id}/returns`, {
        lines: [{ line_id: delivered.lines[0].id, quantity: 1 }],
        exchange_for: [
          { sku: 'MUG', quantity: 1 },
          { sku, quantity: 1 },
        ],
      });
    for (const [sku, status, code] of [
      ['TYPO', 422, 'orders.price_missing'],
      ['DOLLAR', 400, 'orders.currency_mixed'],
      ['OFF', 422, 'orders.item_not_sold'],
    ] as const) {
      const answer = await exchangeFor(sku);
      assert.deepEqual(
        [answer.status, answer.body.code, answer.body.issues?.[0]?.pointer],
        [status, code, '/body/exchange_for/1/sku'],
      );
    }
    assert.equal((await exchangeFor('PIN')).status, 201);
  });

  it('is no moment that no calendar has', async () => {
    const { id, fulfillments } = await order(shipped);
    for (const at of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59']) {
      const { status, body } = await member.post(
        `/v1/orders/${id}/fulfillments/${fulfillments[0].id}/tracking`,
        {
          status: 'in_transit',
          occurred_at: at,
        },
      );
      assert.deepEqual([status, body.issues?.[0]?.pointer], [400, '/body/occurred_at'], at);
    }
  });

  it('is no amendment that names a line twice, or changes nothing', async () => {
    const { id, lines } = await order();
    const line = { line_id: lines[0].id, quantity: 2 };
    for (const [change, pointer] of [
      [{ lines: [line, { ...line, quantity: 1 }] }, '/body/lines'],
      [{}, '/body'],
      [{ lines: [] }, '/body'],
    ] as const) {
      const { status, body } = await member.post(`/v1/orders/${id}/amend`, change);
      assert.deepEqual([status, body.issues?.[0]?.pointer], [400, pointer]);
    }
  });
});
