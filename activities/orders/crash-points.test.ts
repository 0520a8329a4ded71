import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { createOrder } from '../../db/orders/create-order.ts';
import type { Database } from '../../db/database.ts';
import { changeOrder } from '../../db/orders/open-order.ts';
import { system, type Actor } from '../../db/orders/actor.ts';
import { cancelOrder } from '../../db/orders/order-commands.ts';
import { unconfirmedOf } from '../../db/orders/order-money.ts';
import { LocationRepository } from '../../db/orders/location.repository.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { askAgain } from '../../db/orders/payments.ts';
import type { Order } from '../../db/orders/order.ts';
import { StockRepository } from '../../db/orders/stock.repository.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { TestCarrier, TestProcessor } from '../../test/support/order-outside.ts';
import { lineOf } from '../../test/support/stored-orders.ts';
import type { OrderActivities, OrderView } from '../../workflows/orders/messages.ts';
import { createOrderActivities } from './order.activities.ts';

class Crash extends Error {}

/** Dies once, at a boundary: before or after a commit, before or after a call to the outside. */
class Boundaries {
  passed = 0;
  readonly #at: number | null;

  constructor(at: number | null) {
    this.#at = at;
  }

  async around<T>(work: () => Promise<T>): Promise<T> {
    this.#pass();
    const result = await work();
    this.#pass();
    return result;
  }

  #pass(): void {
    this.passed += 1;
    if (this.passed === this.#at) throw new Crash();
  }
}

interface Scenario {
  name: string;
  country: string;
  method: string;
  capture: 'on_shipment' | 'immediately';
  /** What somebody does as soon as the order is at this step. */
  cancelAt?: string;
  /** Whether the customer confirms the payment that is asked about, or lets the time pass. */
  confirms?: boolean;
}

const scenarios: Scenario[] = [
  { name: 'an order that ships from two places', country: 'DE', method: 'pm', capture: 'on_shipment' },
  { name: 'a carrier that refuses what is paid', country: 'AQ', method: 'pm', capture: 'immediately' },
  { name: 'a carrier that refuses before the charge', country: 'AQ', method: 'pm', capture: 'on_shipment' },
  { name: 'a card that is declined', country: 'DE', method: 'declined_authorize', capture: 'on_shipment' },
  { name: 'a charge that is declined', country: 'DE', method: 'declined_capture', capture: 'on_shipment' },
  {
    name: 'cancelled when packed',
    country: 'DE',
    method: 'pm',
    capture: 'immediately',
    cancelAt: 'shipFulfillment',
  },
  {
    name: 'cancelled when authorised',
    country: 'DE',
    method: 'pm',
    capture: 'on_shipment',
    cancelAt: 'openOrder',
  },
  {
    name: 'a payment that its customer confirms',
    country: 'DE',
    method: 'to_confirm',
    capture: 'on_shipment',
    confirms: true,
  },
  {
    name: 'a payment that nobody confirms in time',
    country: 'DE',
    method: 'to_confirm',
    capture: 'immediately',
    confirms: false,
  },
];

describe('The steps of an order whose worker dies', function () {
  this.timeout(180_000);
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['orders'] });
  });
  after(() => db?.close());

  for (const scenario of scenarios)
    it(`come to the same end from every boundary: ${scenario.name}`, async () => {
      const undisturbed = await run(scenario, null);
      assert.ok(undisturbed.boundaries > 8);
      for (let at = 1; at <= undisturbed.boundaries; at += 1) {
        const { outcome } = await run(scenario, at);
        assert.deepEqual(outcome, undisturbed.outcome, `after a crash at boundary ${at}`);
      }
    });

  async function run(scenario: Scenario, crashAt: number | null) {
    const tenantId = uuidv7();
    const boundaries = new Boundaries(crashAt);
    const processor = new TestProcessor();
    const carrier = new TestCarrier();
    const orderId = await placed(db.database, tenantId, scenario);
    const activities = createOrderActivities({
      database: {
        read: db.database.read.bind(db.database),
        transaction: (domain: 'orders', work: never) =>
          boundaries.around(() => db.database.transaction(domain, work)),
      } as unknown as Database,
      payments: {
        available: true,
        make: (...given) => boundaries.around(() => processor.make(...given)),
        find: processor.find,
      },
      carrier: {
        buyLabel: (parcel) => boundaries.around(() => carrier.buyLabel(parcel)),
        findLabel: (key) => carrier.findLabel(key),
        voidLabel: (reference) => boundaries.around(() => carrier.voidLabel(reference)),
        reports: (one) => carrier.reports(one),
      },
    });
    await follow(activities, { orderId, tenantId }, scenario, processor);
    return { outcome: await outcomeOf(tenantId, orderId, processor, carrier), boundaries: boundaries.passed };
  }

  /** As the workflow does: the next step, again after a crash. */
  async function follow(
    activities: OrderActivities,
    input: { orderId: string; tenantId: string },
    { cancelAt, confirms }: Scenario,
    processor: TestProcessor,
  ): Promise<void> {
    let cancelled = false;
    let confirmed = false;
    let view: OrderView = await activities.readOrder(input);
    while (view.next.step !== 'end') {
      if (view.next.step === 'wait' && (view.next.next !== 'timeOutOrder' || confirms === undefined)) return;
      if (view.next.step === 'wait' && confirms && !confirmed) {
        confirmed = true;
        processor.confirm();
        // As a webhook tells it.
        await db.database.transaction('orders', (transaction) =>
          changeOrder(transaction, input.tenantId, input.orderId, system, (open) => {
            const waiting = unconfirmedOf(open.order);
            if (waiting) askAgain(open, waiting);
          }),
        );
        view = await activities.readOrder(input);
        continue;
      }
      const { step, ...of } =
        view.next.step === 'wait'
          ? { step: 'timeOutOrder' as const, deadline: view.next.deadline }
          : view.next;
      if (step === cancelAt && !cancelled) {
        cancelled = true;
        const customer: Actor = { ...system, kind: 'user' };
        await db.database.transaction('orders', (transaction) =>
          changeOrder(transaction, input.tenantId, input.orderId, customer, (open) =>
            cancelOrder(open, 'a test'),
          ),
        );
        view = await activities.readOrder(input);
        continue;
      }
      try {
        view = await (activities[step] as (given: object) => Promise<OrderView>)({ ...input, ...of });
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        view = await activities.readOrder(input);
      }
    }
  }

  async function outcomeOf(
    tenantId: string,
    orderId: string,
    processor: TestProcessor,
    carrier: TestCarrier,
  ) {
    const { order, types, stock } = await db.database.read('orders', async ({ sql }) => ({
      order: await new OrderRepository(sql, tenantId).get(orderId),
      types: await sql<{ type: string }>(
        'select type from orders.outbox where tenant_id = $1 order by position',
        [tenantId],
      ),
      stock: (await new StockRepository(sql, tenantId).get('MUG')).locations,
    }));
    return {
      status: order.status,
      payment: order.paymentStatus,
      problem: order.problem?.code ?? null,
      fulfillments: order.fulfillments.map(({ status, location }) => [status, location]),
      effects: ['authorize', 'capture', 'void', 'refund'].map((kind) => processor.effects(kind)),
      labels: [carrier.labels.size, carrier.voided.size],
      payments: summaryOf(order),
      events: types.map(({ type }) => type),
      stock,
    };
  }
});

function summaryOf(order: Order) {
  return order.payments.map(({ kind, state, amount }) => [kind, state, amount]);
}

async function placed(database: Database, tenantId: string, scenario: Scenario): Promise<string> {
  return await database.transaction('orders', async (transaction) => {
    const stock = new StockRepository(transaction.sql, tenantId);
    await stock.add({
      sku: 'MUG',
      title: 'Mug',
      price: 1_000n,
      currency: 'EUR',
      active: true,
      weightGrams: 350,
    });
    await stock.set('MUG', 'berlin', 2);
    await stock.set('MUG', 'lyon', 2);
    const locations = new LocationRepository(transaction.sql, tenantId);
    for (const location of ['berlin', 'lyon'])
      await locations.add(location, { name: 'Mugs', line1: 'Street 2', city: 'Town', country: 'DE' });
    const { order } = await createOrder(
      transaction,
      {
        tenantId,
        source: 'api',
        externalId: null,
        sourceOrderId: null,
        currency: 'EUR',
        shipping: 490n,
        credit: 0n,
        customer: { email: 'ada@example.com', name: null, phone: null },
        shippingAddress: { line1: 'Street 1', city: 'Town', country: scenario.country },
        payment: { mode: 'processor', capture: scenario.capture, method: scenario.method },
        externalPaid: 0n,
        fulfillmentMode: 'automatic',
        actionSeconds: 3_600,
        externalUpdatedAt: null,
        lines: [lineOf()],
      },
      system,
    );
    return order.id;
  });
}
