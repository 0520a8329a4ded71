import assert from 'node:assert/strict';
import { aSender } from '../support/orders-system.ts';
import { fromEasyPost, fromShopify, paidOrderWith, sample } from '../support/senders.ts';
import { labelsOf, standingOf } from './order-process.ts';
import { eventsOf } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

const externalId = '820982911946154508';
const address = `/v1/orders?source=shopify&external_id=${externalId}`;

/** Of its own: a shop belongs to one organisation. */
export function shopOf({ tenantId }: Stage): string {
  return `shop-${tenantId}.myshopify.com`;
}

/** Makes the source of a shop, by which its webhooks are known. */
export async function openShop(stage: Stage): Promise<{ shop: string; secret: string }> {
  const shop = shopOf(stage);
  // A secret that two organisations have would prove nothing.
  const secret = `secret-of-${stage.tenantId}`;
  const source = { kind: 'shopify', name: 'shop', shop_domain: shop, secret };
  const { status, body } = await stage.caller.command('/v1/webhook-sources', () => source);
  assert.equal(status, 201, JSON.stringify(body));
  return { shop, secret };
}

/** The secret of a carrier's webhooks tells whose they are. */
function carrierSecret({ tenantId }: Stage): string {
  return `carrier-${tenantId}`;
}

interface Inbound {
  topic: string;
  state: string;
  effects: Record<string, number>;
}

/**
 * Webhooks on their way in: a shop tells twice of an order, and of a product; the order becomes a process here, its parcel
 * leaves, and the carrier tells by webhook that it has arrived.
 */
export const shopOrderProcess: ProcessUnderTest = {
  name: 'webhooks that come in: an order of a shop',
  domains: ['webhooks', 'orders'],
  underFaults: true,
  submit: async (stage) => {
    const { caller } = stage;
    const sender = await openShop(stage);
    const carrier = { kind: 'easypost', name: 'carrier', secret: carrierSecret(stage) };
    await caller.command('/v1/webhook-sources', () => carrier);
    // What is no item here is made to order.
    const sends = { location: 'made-to-order', sender: aSender };
    await caller.command('/v1/stock-locations', () => sends);
    // A carrier takes nothing of unknown weight.
    const order = paidOrderWith(externalId, '2026-11-28T10:00:00Z').replaceAll(
      /"grams":\s*0\b/g,
      '"grams":100',
    );
    // Two deliveries of one event, each of which comes twice.
    for (const webhookId of ['first', 'first', 'second', 'second']) {
      const webhook = fromShopify(order, { ...sender, webhookId, eventId: 'an order' });
      const { status, body } = await caller.deliver('/webhooks/shopify/orders', webhook);
      assert.equal(status, 200, JSON.stringify(body));
    }
    const product = fromShopify(sample('products__update.bigint.json'), {
      ...sender,
      topic: 'products/update',
      webhookId: 'third',
      eventId: 'a product',
    });
    assert.equal((await caller.deliver('/webhooks/shopify/products', product)).status, 200);
    return address;
  },
  meanwhile: async (stage) => {
    const { caller } = stage;
    const [order] = (await caller.read(address)).body.items;
    if (order?.status !== 'shipped') return;
    const { body: shipped } = await caller.read(`/v1/orders/${order.id}`);
    const [parcel] = shipped.fulfillments;
    const report = fromEasyPost(carrierSecret(stage), {
      // Told again, it is the same event.
      eventId: `evt_${parcel.id}`,
      tracker: `trk_${parcel.id}`,
      code: parcel.tracking_number,
      status: 'delivered',
      updatedAt: parcel.shipped_at,
    });
    assert.equal((await caller.deliver('/webhooks/easypost/tracking', report)).status, 200);
  },
  hasEnded: async ({ caller }) => (await caller.read(address)).body.items[0]?.status === 'completed',
  outcome: async (stage) => {
    const { caller, database, tenantId } = stage;
    const { items } = (await caller.read(address)).body;
    const { body: order } = await caller.read(`/v1/orders/${items[0].id}`);
    const came = await database.read('webhooks', ({ sql }) =>
      sql<Inbound>(
        `select e.topic, e.state, e.effects -> 0 ->> 'type' as effect, jsonb_array_length(e.effects) as effects,
           (select count(*)::int from webhooks.inbound_deliveries d
            where d.source_id = e.source_id and d.topic = e.topic and d.event_id = e.event_id) as deliveries,
           (select array_agg(o.type order by o.type) from webhooks.outbox o
            where o.tenant_id = $1 and o.data ->> 'inbound_id' = e.id::text) as told
         from webhooks.inbound_events e
         where e.tenant_id = $1 and (e.event_id in ('an order', 'a product') or e.topic like 'tracker%')
         order by e.topic`,
        [tenantId],
      ),
    );
    return {
      result: { orders: items.length, order: standingOf(order) },
      told: { came, order: await eventsOf(stage, `order:${order.id}`, 'orders') },
      outside: await labelsOf(stage, order),
    };
  },
};
