import { fulfillUnits, markShipped, moveFulfillment } from '../../db/orders/fulfillments.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { system } from '../../db/orders/actor.ts';
import { openForWork, reserveOrder, settle } from '../../db/orders/order-steps.ts';
import type { Order } from '../../db/orders/order.ts';
import { waitForMeasures } from '../../db/orders/parcels.ts';
import { reservePayment, settlePayment } from '../../db/orders/payments.ts';
import { approveReturn, requestReturn, ReturnRepository } from '../../db/orders/returns.ts';
import { PaymentActions } from '../../services/orders/payment-actions.ts';
import type { Fixture, FixtureContext } from './fixtures.ts';
import { aSender, orderOf } from './orders-system.ts';
import { deliver } from './stored-orders.ts';

type Work = (open: OpenOrder) => Promise<void> | void;

interface Placed {
  order: Order;
  params: { id: string };
}

/** An order without its process, brought where it shall be by hand. */
async function placed({ api, tenant }: FixtureContext, ...works: Work[]): Promise<Placed> {
  const { body } = await api.client.as(tenant.owner).post('/v1/orders', orderOf({ fulfillment: 'manual' }));
  const { database } = api.services;
  const change = (work: Work): Promise<Order> =>
    database.transaction('orders', (transaction) =>
      changeOrder(transaction, tenant.id, body.id, system, work),
    );
  for (const work of works) await change(work);
  const order = await database.read('orders', ({ sql }) => new OrderRepository(sql, tenant.id).get(body.id));
  return { order, params: { id: order.id } };
}

export async function workedOn(open: OpenOrder): Promise<void> {
  await reserveOrder(open);
  openForWork(open);
}

export async function packed(open: OpenOrder): Promise<void> {
  await workedOn(open);
  const [one] = await fulfillUnits(
    open,
    open.order.lines.map(({ id: lineId, quantity }) => ({ lineId, quantity })),
  );
  if (one) moveFulfillment(open, one, 'packed');
}

export async function shipped(open: OpenOrder): Promise<void> {
  await packed(open);
  for (const one of open.order.fulfillments) await markShipped(open, one);
}

/** What was shipped arrives. */
async function arrived(open: OpenOrder): Promise<void> {
  for (const one of open.order.fulfillments) await deliver(open, one);
}

const fixtureOf = (...works: Work[]) => ({
  params: async (context: FixtureContext) => (await placed(context, ...works)).params,
});

const ofFulfillment = (work: (open: OpenOrder) => Promise<void>) => ({
  params: async (context: FixtureContext) => {
    const { order } = await placed(context, work);
    return { id: order.id, fulfillment_id: order.fulfillments[0]?.id ?? '' };
  },
});

/** The line that a fixture has made, for the body that names it. */
const lines = new WeakMap<FixtureContext, string>();

/** Remembers the order's first line for the body. */
const withLine = (...works: Work[]) => ({
  params: async (context: FixtureContext) => {
    const { order, params } = await placed(context, ...works);
    lines.set(context, order.lines[0]?.id ?? '');
    return params;
  },
});

/** A return of one unit, as far as it is said. */
const aReturn = (status: 'requested' | 'approved') => ({
  params: async (context: FixtureContext) => {
    let id = '';
    await placed(context, shipped, arrived, async (open) => {
      const lineId = open.order.lines[0]?.id ?? '';
      lines.set(context, lineId);
      id = await requestReturn(open, { lines: [{ lineId, quantity: 1 }], reason: null, replacement: null });
      const one = await new ReturnRepository(open.transaction.sql, open.order.tenantId).get(id);
      if (status === 'approved') await approveReturn(open, one);
    });
    return { id };
  },
});

/** Its money is taken, as if by a processor. */
function paid(open: OpenOrder): void {
  const { id } = reservePayment(open, { kind: 'capture', key: 'a fixture', amount: 3_490n, parentId: null });
  settlePayment(open, id, { outcome: 'succeeded', reference: 'a fixture' });
}

const anOrder = fixtureOf();

/** The bank of its customer wants to hear from the customer. */
const toConfirm = {
  params: async (context: FixtureContext) => {
    const actions = new PaymentActions(context.api.services.config.ENCRYPTION_KEYS);
    const { params } = await placed(context, reserveOrder, async (open) => {
      const { id } = reservePayment(open, {
        kind: 'authorize',
        key: 'a fixture',
        amount: 3_490n,
        parentId: null,
      });
      const action = actions.seal(id, { redirectUrl: null, clientSecret: 'pi_1_secret_1' });
      await settle(open, id, { outcome: 'action_required', reference: 'pi_1', action });
    });
    return params;
  },
};

const anItem = {
  params: async ({ api, tenant }: FixtureContext) => {
    const owner = api.client.as(tenant.owner);
    await owner.post('/v1/stock', { sku: 'MUG', title: 'Mug', price: '1000', currency: 'EUR' });
    await owner.put('/v1/stock/MUG/locations/berlin', { on_hand: 5 });
    return { sku: 'MUG', location: 'berlin' };
  },
};

const aLocation = {
  params: async ({ api, tenant }: FixtureContext) => {
    await api.client.as(tenant.owner).post('/v1/stock-locations', { location: 'berlin', sender: aSender });
    return { location: 'berlin' };
  },
};

/** Its label was bought. */
async function labelled(open: OpenOrder): Promise<void> {
  await packed(open);
  for (const one of open.order.fulfillments) {
    one.labelState = 'bought';
    one.labelUrl = 'https://carrier.example/label.pdf';
    open.touchFulfillment(one);
  }
}

/** Its carrier has to know more of it. */
async function waiting(open: OpenOrder): Promise<void> {
  await workedOn(open);
  const [line] = open.order.lines;
  const [one] = await fulfillUnits(open, [{ lineId: line?.id ?? '', quantity: 1 }]);
  if (one) waitForMeasures(open, one, { code: 'orders.weight_missing', message: 'A fixture.' });
}

/** For the routes of orders and stock. */
export const orderFixtures: Record<string, Fixture> = {
  'get /v1/orders/:id': anOrder,
  'get /v1/orders/:id/status': anOrder,
  'get /v1/orders/:id/timeline': anOrder,
  'get /v1/orders/:id/tracking': anOrder,
  'get /v1/orders/:id/payment-action': toConfirm,
  'get /v1/orders/:id/notes': anOrder,
  'post /v1/orders/:id/notes': { ...anOrder, body: () => ({ text: 'Wrap it.' }) },
  'post /v1/orders/:id/notices': { ...anOrder, body: () => ({ notice: 'placed' }) },
  'post /v1/orders/:id/hold': anOrder,
  'post /v1/orders/:id/release': fixtureOf(async (open) => {
    await reserveOrder(open);
    open.move('on_hold', 'a fixture');
  }),
  'post /v1/orders/:id/cancel': anOrder,
  'post /v1/orders/:id/amend': {
    ...anOrder,
    body: () => ({ shipping_address: { line1: 'Elsewhere 1', city: 'Lyon', country: 'FR' } }),
  },
  'post /v1/orders/:id/fulfillments': {
    ...withLine(workedOn),
    body: (context) => ({ lines: [{ line_id: lines.get(context), quantity: 1 }] }),
  },
  'post /v1/orders/:id/fulfillments/:fulfillment_id/cancel': ofFulfillment(packed),
  'post /v1/orders/:id/fulfillments/:fulfillment_id/lost': ofFulfillment(shipped),
  'post /v1/orders/:id/fulfillments/:fulfillment_id/tracking': {
    ...ofFulfillment(shipped),
    body: () => ({ status: 'in_transit', occurred_at: '2026-11-28T10:00:00Z' }),
  },
  'get /v1/orders/:id/fulfillments/:fulfillment_id/label': ofFulfillment(labelled),
  'post /v1/orders/:id/fulfillments/:fulfillment_id/label': {
    ...ofFulfillment(waiting),
    body: () => ({ by: 'carrier' }),
  },
  'post /v1/orders/:id/returns': {
    ...withLine(shipped, arrived),
    body: (context) => ({ lines: [{ line_id: lines.get(context), quantity: 1 }] }),
  },
  'get /v1/orders/:id/returns': anOrder,
  'get /v1/returns/:id': aReturn('requested'),
  'post /v1/returns/:id/approve': aReturn('requested'),
  'post /v1/returns/:id/decline': aReturn('requested'),
  'post /v1/returns/:id/receive': {
    ...aReturn('approved'),
    body: (context) => ({ lines: [{ line_id: lines.get(context), quantity: 1 }] }),
  },
  'post /v1/orders/:id/refunds': { ...fixtureOf(paid), body: () => ({ amount: '100' }) },
  'get /v1/orders/:id/refunds': anOrder,
  'post /v1/orders/:id/reorder': anOrder,
  'get /v1/stock-locations/:location': aLocation,
  'put /v1/stock-locations/:location': { ...aLocation, body: () => ({ sender: aSender }) },
  'delete /v1/stock-locations/:location': aLocation,
  'get /v1/stock/:sku': anItem,
  'patch /v1/stock/:sku': { ...anItem, body: () => ({ price: '1100' }) },
  'put /v1/stock/:sku/locations/:location': { ...anItem, body: () => ({ on_hand: 7 }) },
  'post /v1/stock/:sku/locations/:location/adjust': { ...anItem, body: () => ({ by: 1 }) },
};
