import assert from 'node:assert/strict';
import type { SimulatedIntent } from '../../platform/local/stripe/payment-intents.ts';
import type { SimulatedShipment } from '../../platform/local/easypost/shipments.ts';
import { aSender, orderOf, type OrderBody } from '../support/orders-system.ts';
import { eventsOf } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

/** An order by the API, paid by a card and sent by a carrier, which ends by what its address and its terms are. */
export function orderProcess(
  name: string,
  terms: {
    city: string;
    capture: 'on_shipment' | 'immediately';
    ends: 'completed' | 'failed';
    surelyAt?: string;
  },
): ProcessUnderTest {
  // Of its own: another process's orders leave it alone.
  const sku = `MUG-${terms.city.replaceAll(' ', '-')}`;
  return {
    name,
    domains: ['orders'],
    underFaults: true,
    ...(terms.surelyAt ? { surelyAt: terms.surelyAt } : {}),
    submit: async ({ caller }) => {
      const item = { sku, title: 'Mug', price: '1000', currency: 'EUR', weight_grams: 350 };
      await caller.command('/v1/stock', () => item);
      // No place has enough: it goes in two packages, each by a carrier. (Who sends may have been said by another order.)
      for (const location of ['berlin', 'lyon']) {
        await caller.put(`/v1/stock/${sku}/locations/${location}`, { on_hand: 2 });
        await caller.command('/v1/stock-locations', () => ({ location, sender: aSender }));
      }
      const order = orderOf({
        lines: [{ sku, title: 'Mug', quantity: 3, unit_price: '1000' }],
        shipping_address: { line1: 'Street 1', city: terms.city, postcode: '10115', country: 'DE' },
        payment: { mode: 'processor', method: 'pm_card_visa', capture: terms.capture },
      });
      const { status, body } = await caller.command('/v1/orders', () => order);
      assert.equal(status, 201, JSON.stringify(body));
      return `/v1/orders/${body.id}`;
    },
    meanwhile: bringParcels,
    hasEnded: async ({ caller }, address) => (await caller.read(address)).body.status === terms.ends,
    outcome: async (stage, address) => {
      const { body: order } = await stage.caller.read(address);
      const { body: item } = await stage.caller.read(`/v1/stock/${sku}`);
      return {
        result: {
          ...(terms.ends === 'failed' ? withoutWhose(standingOf(order)) : standingOf(order)),
          stock: item.locations,
          // What is given back afterwards is given back to the last cent.
          kept: String(BigInt(order.totals.captured) - BigInt(order.totals.refunded)),
        },
        told: await eventsOf(stage, `order:${order.id}`, 'orders'),
        outside: { payments: await paymentsOf(stage, order), labels: await labelsOf(stage, order) },
      };
    },
  };
}

/**
 * Of two packages that the carrier takes neither, the first to be refused fails and the other is called off. Which one that is is
 * chance: one about which nothing could be written down is put off, and the other comes first.
 */
function withoutWhose({ packages, ...standing }: ReturnType<typeof standingOf>): object {
  return { ...standing, packages: packages.map(([, status]) => String(status)).toSorted() };
}

/** How it stands, without what is new each time. */
export function standingOf(order: OrderBody): { packages: unknown[][] } & Record<string, unknown> {
  return {
    status: order.status,
    payment: order.payment_status,
    problem: order.problem?.code ?? null,
    totals: order.totals,
    lines: order.lines.map(({ id: _id, ...line }: OrderBody) => line),
    packages: order.fulfillments
      .map(({ status, location, amount, tracking_status }: OrderBody) => [
        location,
        status,
        amount,
        tracking_status,
      ])
      .toSorted(),
  };
}

/** Once all of it has left, the carrier's people hand the packages over, one after the other. */
async function bringParcels({ caller }: Stage, address: string): Promise<void> {
  const { body: order } = await caller.read(address);
  if (order.status !== 'shipped' && order.status !== 'partially_delivered') return;
  const report = { status: 'delivered', occurred_at: new Date().toISOString() };
  for (const { id, status } of order.fulfillments) {
    if (status !== 'shipped') continue;
    const answer = await caller.command(`${address}/fulfillments/${id}/tracking`, () => report);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
}

/** What the processor has done for an order, and under how many keys it was asked to. */
async function paymentsOf({ outside: { stripe } }: Stage, { id }: OrderBody): Promise<object> {
  const query = encodeURIComponent(`metadata['order_id']:'${id}'`);
  const found = (await stripe.ask(`/v1/payment_intents/search?query=${query}`)) as {
    data: SimulatedIntent[];
  };
  return await Promise.all(
    found.data.map(async ({ id: intent, status, amount, amount_received: received }) => {
      const refunds = (await stripe.ask(`/v1/refunds?payment_intent=${intent}`)) as {
        data: { amount: number }[];
      };
      const asked = (path: string, body: string) =>
        new Set(
          stripe.calls
            .filter((call) => call.method === 'POST' && call.path === path && call.body.includes(body))
            .map(({ key }) => key),
        ).size;
      return {
        status,
        amount,
        received,
        refunds: refunds.data.map((refund) => refund.amount),
        keys: {
          authorize: asked('/v1/payment_intents', id),
          capture: asked(`/v1/payment_intents/${intent}/capture`, ''),
          refund: asked('/v1/refunds', intent),
        },
      };
    }),
  );
}

/** The labels of an order's packages: how often each was bought, and what has become of it. */
export async function labelsOf({ outside: { easypost } }: Stage, order: OrderBody): Promise<object[]> {
  const labels = await Promise.all(
    order.fulfillments.map(async ({ id }: { id: string }) => {
      const shipment = (await easypost.ask(`/v2/shipments/label:${id}`)) as Partial<SimulatedShipment>;
      const bought = easypost.calls.filter(
        ({ path, status }) => path === `/v2/shipments/${shipment.id}/buy` && status === 200,
      );
      return { bought: bought.length, given_back: shipment.refund_status ?? null };
    }),
  );
  return labels.toSorted((a, b) => a.bought - b.bought);
}
