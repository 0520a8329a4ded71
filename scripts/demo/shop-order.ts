import { setTimeout as pause } from 'node:timers/promises';
import type { DemoClient } from './demo-client.ts';
import { startListener, type Heard, type Listener } from './listener.ts';
import { money, OrderTimeline, type DemoOrder } from './order-timeline.ts';
import { DemoShop, payAtCheckout, shopifyOrder } from './shop.ts';
import { stockWarehouses } from './warehouses.ts';

export interface ShopDemo {
  api: DemoClient;
  apiUrl: string;
  /** Where workflows are found in the Web UI; null without one. */
  workflowsUrl: string | null;
  /** Null when the vendor is the real one: then the demo moves no money, and buys no postage. */
  stripeUrl: string | null;
  easypostUrl: string | null;
  receiverAddress: string;
  /** Where the sample of the order lies. */
  root: string;
  print: (text: string) => void;
}

const description = 'npm run demo';
/** How many seconds a simulated parcel takes for a step while it is watched. */
const parcelSeconds = 0.7;
const patienceMilliseconds = 120_000;

/**
 * An order of a shop from its signed webhook to its delivery: paid by a webhook of the payment processor, sent from two places
 * with labels of the carrier, and followed by the carrier's webhooks, while an endpoint that fails twice hears of all of it.
 */
export async function demonstrateShopOrder(demo: ShopDemo): Promise<void> {
  const { api, print, easypostUrl } = demo;
  await stockWarehouses(api, easypostUrl !== null);
  const listening = await listen(demo);
  const before = easypostUrl === null ? null : await setPace(easypostUrl, parcelSeconds);
  try {
    const order = await orderFromShop(demo);
    const timeline = new OrderTimeline(api, order.id, print);
    await payAndFollow(demo, order, timeline);
    await untilAllHeard(listening, api);
    await showAttempts(demo, listening);
    showLinks(demo, order);
  } finally {
    if (easypostUrl !== null) await setPace(easypostUrl, before);
    await listening.listener.close();
    await api.post(`/v1/webhook-endpoints/${listening.endpointId}/disable`);
  }
}

async function orderFromShop(demo: ShopDemo): Promise<DemoOrder> {
  const { api, apiUrl, workflowsUrl, stripeUrl, root, print } = demo;
  const shop = await DemoShop.join(api, apiUrl);
  // 18 digits, as Shopify’s are: more than a number of JSON holds.
  const id = `82098${Date.now()}`;
  const body = await shopifyOrder(root, id, stripeUrl === null ? 'paid' : 'pending');
  const told = await shop.tell(body);
  if (told.status !== 200) throw new Error(`The shop’s webhook was answered with ${told.status}.`);
  print(`   The shop tells of its order ${id}, signed: ${told.status} after ${told.milliseconds} ms`);
  const found = await until(async () => {
    const { items } = await api.get<{ items: DemoOrder[] }>(`/v1/orders?source=shopify&external_id=${id}`);
    return items[0];
  });
  const units = found.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  print(`   It is order ${found.number}: ${units} things, ${money(found.totals.due, found.currency)}`);
  if (workflowsUrl) print(`   Its workflow: ${workflowsUrl}/order:${found.id}`);
  return found;
}

async function payAndFollow(
  { api, stripeUrl, easypostUrl, print }: ShopDemo,
  { id, external_id, totals, currency }: DemoOrder,
  timeline: OrderTimeline,
): Promise<void> {
  await timeline.look();
  if (stripeUrl !== null) {
    const payment = await payAtCheckout(stripeUrl, {
      amount: totals.due,
      currency,
      order: external_id ?? '',
    });
    print(`       the customer pays at the checkout; Stripe tells of ${payment} by webhook`);
  }
  const shown = new Set<string>();
  await until(async () => {
    const order = await timeline.look();
    for (const one of order.fulfillments) {
      if (shown.has(one.id) || one.status !== 'shipped') continue;
      shown.add(one.id);
      print(`       ${packageWords(one)}`);
      if (easypostUrl === null) await reportByHand(api, order.id, one.id);
    }
    return order.status === 'completed' ? order : undefined;
  });
  const tracking = await api.get<{ packages: { events: { message: string | null }[] }[] }>(
    `/v1/orders/${id}/tracking`,
  );
  const reports = tracking.packages.reduce((sum, { events }) => sum + events.length, 0);
  print(`   Delivered: ${tracking.packages.length} packages, ${reports} reports of where they were`);
}

function packageWords(one: DemoOrder['fulfillments'][number]): string {
  const { number, location, carrier, service, tracking_number, label_cost: cost } = one;
  if (carrier === null) return `package ${number} has left ${location}, by hand`;
  const paid = cost ? `, label ${money(cost.amount, cost.currency)}` : '';
  return `package ${number} has left ${location}: ${carrier} ${service ?? ''} ${tracking_number}${paid}`;
}

/** Where no carrier is simulated, somebody says where the package is. */
async function reportByHand(api: DemoClient, orderId: string, fulfillmentId: string): Promise<void> {
  for (const status of ['picked_up', 'in_transit', 'delivered']) {
    const occurred_at = new Date().toISOString();
    await api.post(`/v1/orders/${orderId}/fulfillments/${fulfillmentId}/tracking`, { status, occurred_at });
  }
}

interface Listening {
  listener: Listener;
  endpointId: string;
}

async function listen({ api, receiverAddress, print }: ShopDemo): Promise<Listening> {
  const endpoints = await api.get<{ items: { id: string; description: string }[] }>(
    '/v1/webhook-endpoints?limit=200',
  );
  for (const one of endpoints.items)
    if (one.description === description) await api.delete(`/v1/webhook-endpoints/${one.id}`);
  let secret = '';
  const listener = await startListener(receiverAddress, {
    fails: 2,
    secret: () => secret,
    onHeard: ({ type, status }) => print(`       → endpoint: ${type} answered with ${status}`),
  });
  try {
    const made = await api.post<{ id: string; secret: string }>('/v1/webhook-endpoints', {
      url: `http://${receiverAddress}/orders`,
      description,
      event_types: ['order.*', 'fulfillment.*', 'shipment.*'],
    });
    secret = made.secret;
    return { listener, endpointId: made.id };
  } catch (error) {
    await listener.close();
    throw error;
  }
}

interface Delivery {
  message_id: string;
  message_type: string;
  state: string;
}

async function untilAllHeard({ listener, endpointId }: Listening, api: DemoClient): Promise<void> {
  await until(async () => {
    if (!listener.heard.some(({ type, status }) => type === 'order.completed' && status === 200))
      return undefined;
    const { items } = await api.get<{ items: Delivery[] }>(
      `/v1/webhook-endpoints/${endpointId}/deliveries?limit=200`,
    );
    return items.every(({ state }) => state === 'delivered') ? items : undefined;
  });
}

/** What was sent more than once, and when. */
async function showAttempts({ print }: ShopDemo, { listener }: Listening): Promise<void> {
  const byMessage = new Map<string, Heard[]>();
  for (const one of listener.heard) byMessage.set(one.id, [...(byMessage.get(one.id) ?? []), one]);
  print(`   The endpoint has heard ${byMessage.size} messages, each signed; these after it had failed:`);
  for (const [id, attempts] of byMessage) {
    const [first, ...again] = attempts;
    if (!first || again.length === 0) continue;
    const rest = again.map(({ status, at }) => `${status} ${((at - first.at) / 1_000).toFixed(1)} s later`);
    print(`     ${first.type.padEnd(24)} ${first.status}, then ${rest.join(', then ')}   ${id}`);
  }
}

function showLinks({ apiUrl, print }: ShopDemo, { id, external_id }: DemoOrder): void {
  print('   Look at it, with the key in an Authorization header:');
  for (const path of [
    `/v1/orders/${id}`,
    `/v1/orders/${id}/timeline`,
    `/v1/orders/${id}/tracking`,
    `/v1/webhooks/inbound?external_id=${external_id}`,
    '/v1/webhooks/messages',
  ])
    print(`     ${apiUrl}${path}`);
}

/** Sets how fast parcels move, and gives how fast they moved. */
async function setPace(easypostUrl: string, seconds: number | null): Promise<number | null> {
  const response = await fetch(`${easypostUrl}/_control/pace`, {
    method: 'POST',
    body: JSON.stringify({ seconds }),
  });
  return ((await response.json()) as { seconds: number | null }).seconds;
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patienceMilliseconds;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('It takes too long. The logs are in .data/logs.');
    await pause(100);
  }
}
