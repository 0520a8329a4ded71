import { setTimeout as pause } from 'node:timers/promises';
import { createOrder, type NewOrder } from '../../db/orders/create-order.ts';
import { changeOrder } from '../../db/orders/open-order.ts';
import type { Actor } from '../../db/orders/actor.ts';
import { cancelOrder } from '../../db/orders/order-commands.ts';
import { cpuSeconds } from '../stage/cpu.ts';
import { residentMegabytes } from '../stage/memory.ts';
import type { Stage } from '../stage/stage.ts';
import { figure, type Part } from './part.ts';

/** Orders in one transaction. */
const atOnce = 50;

/** Seconds without any progress after which it is given up. */
const patience = 120;

/**
 * Orders that wait for their payment, each with its process, through a restart of everything: PostgreSQL, Temporal on its
 * file, workers and API. Then all of them are told at once that they are cancelled, and every process has to answer.
 */
export const openOrders: Part = {
  name: 'open-orders',
  about: 'open orders after a restart of everything: until all of their processes have answered',
  async run(stage, { full, log }) {
    const count = full ? 10_000 : 500;
    const { id: tenantId } = await stage.tenant();
    const placing = performance.now();
    const cpuBefore = await cpuOf(stage);
    const ids = await placeAll(stage, tenantId, count);
    await untilCounted(count, () => waitingOrders(stage, tenantId));
    const placed = secondsSince(placing);
    log(`${count} orders are waiting after ${figure(placed)} s`);
    const cpuPlaced = await cpuOf(stage);
    const before = await memoryOf(stage);
    const stopping = performance.now();
    await stage.restartEverything();
    const restarted = secondsSince(stopping);
    log(`everything has started again after ${figure(restarted)} s`);
    const still = await running(stage);
    if (still < count) throw new Error(`${still} of ${count} orders are open after the restart.`);
    const idle = await memoryOf(stage);
    const telling = performance.now();
    const cpuTelling = await cpuOf(stage);
    await cancelAll(stage, tenantId, ids);
    const told = secondsSince(telling);
    await untilCounted(0, () => running(stage));
    const answered = secondsSince(telling);
    const cpuAnswered = await cpuOf(stage);
    const after = await memoryOf(stage);
    return [
      {
        what: `${count.toLocaleString('en')} open orders after a restart of everything`,
        against: '–',
        target: 'all answer',
        measured: `${figure(answered)} s`,
        met: true,
        figures: {
          orders: count,
          'placed and waiting s': placed,
          'everything stopped and started s': restarted,
          'all cancelled in the database s': told,
          'all processes have answered s': answered,
          ...perOrder('to be placed', count, cpuBefore, cpuPlaced),
          ...perOrder('to be cancelled', count, cpuTelling, cpuAnswered),
          ...named('before the restart', before),
          ...named('after the restart', idle),
          ...named('after the answers', after),
        },
      },
    ];
  },
};

/** Places orders that are paid elsewhere and not yet. Their processes are started by the relay, as those of all orders are. */
async function placeAll(stage: Stage, tenantId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count)
    await stage.database.transaction('orders', async (transaction) => {
      for (let one = 0; one < atOnce && ids.length < count; one += 1) {
        const { order } = await createOrder(transaction, orderOf(tenantId, ids.length), person);
        ids.push(order.id);
      }
    });
  return ids;
}

async function cancelAll(stage: Stage, tenantId: string, ids: readonly string[]): Promise<void> {
  for (let place = 0; place < ids.length; place += atOnce)
    await stage.database.transaction('orders', async (transaction) => {
      for (const id of ids.slice(place, place + atOnce))
        await changeOrder(transaction, tenantId, id, person, (open) => cancelOrder(open, 'asked_for'));
    });
}

const person: Actor = { kind: 'user', userId: null, traceId: null };

/** Each is another customer's, as nobody has thousands of open orders: they would wait for each other at that customer's rows. */
function orderOf(tenantId: string, place: number): NewOrder {
  return {
    tenantId,
    source: 'api',
    externalId: null,
    sourceOrderId: null,
    currency: 'EUR',
    shipping: 490n,
    credit: 0n,
    customer: { email: `ada.${place}@example.com`, name: 'Ada Lovelace', phone: null },
    shippingAddress: { line1: 'Invalidenstr. 1', city: 'Berlin', postcode: '10115', country: 'DE' },
    payment: { mode: 'external', capture: 'immediately', method: null },
    externalPaid: 0n,
    fulfillmentMode: 'automatic',
    actionSeconds: 3 * 86_400,
    externalUpdatedAt: null,
    lines: [
      {
        sku: 'POSTER',
        title: 'Poster',
        externalId: null,
        quantity: 2,
        unitPrice: 1_500n,
        discount: 0n,
        tax: 0n,
        design: null,
      },
    ],
  };
}

/** Orders whose process has looked for stock and waits for the payment. */
async function waitingOrders(stage: Stage, tenantId: string): Promise<number> {
  const [row] = await stage.database.read('orders', ({ sql }) =>
    sql<{ count: number }>(
      'select count(*)::int as count from orders.orders where tenant_id = $1 and reserved_at is not null',
      [tenantId],
    ),
  );
  return row?.count ?? 0;
}

/** Processes of orders that are open. */
async function running(stage: Stage): Promise<number> {
  return await stage.withTemporalClient(
    async (client) =>
      (await client.workflow.count(`WorkflowType = 'fulfillOrder' and ExecutionStatus = 'Running'`)).count,
  );
}

async function untilCounted(count: number, counted: () => Promise<number>): Promise<void> {
  let last = Number.NaN;
  let changed = performance.now();
  for (;;) {
    const now = await counted();
    if (now === count) return;
    if (now !== last) [last, changed] = [now, performance.now()];
    if (secondsSince(changed) > patience) throw new Error(`${now} and not ${count}, for ${patience} s.`);
    await pause(1_000);
  }
}

async function memoryOf({ api, workers, temporal }: Stage): Promise<Record<string, number>> {
  return {
    API: await residentMegabytes(api),
    workers: await residentMegabytes(workers),
    Temporal: await residentMegabytes(temporal),
  };
}

/** Seconds of processor time that each part of the system has used. */
async function cpuOf({ workers, temporal, postgres }: Stage): Promise<Record<string, number>> {
  return {
    workers: await cpuSeconds(workers.pid),
    Temporal: await cpuSeconds(temporal.pid),
    PostgreSQL: await cpuSeconds(postgres.pid),
  };
}

function perOrder(
  doing: string,
  count: number,
  before: Record<string, number>,
  after: Record<string, number>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, seconds]) => [
      `${name} CPU ms/order ${doing}`,
      ((seconds - (before[name] ?? 0)) / count) * 1_000,
    ]),
  );
}

function named(when: string, memory: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(memory).map(([name, megabytes]) => [`${name} ${when} MB`, megabytes]),
  );
}

function secondsSince(moment: number): number {
  return (performance.now() - moment) / 1_000;
}
