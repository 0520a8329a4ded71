import { createOrder, type NewOrder } from '../../db/orders/create-order.ts';
import type { NewLine } from '../../db/orders/new-lines.ts';
import type { Database } from '../../db/database.ts';
import { fulfillUnits, markShipped, moveFulfillment, track } from '../../db/orders/fulfillments.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { system } from '../../db/orders/actor.ts';
import { openForWork, reserveOrder } from '../../db/orders/order-steps.ts';
import type { Fulfillment, Order } from '../../db/orders/order.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { reservePayment, settlePayment } from '../../db/orders/payments.ts';
import { LocationRepository } from '../../db/orders/location.repository.ts';
import { madeToOrderAt } from '../../db/orders/reservations.ts';
import { StockRepository } from '../../db/orders/stock.repository.ts';

/** A line of three mugs, with some of it otherwise. */
export function lineOf(change: Partial<NewLine> = {}): NewLine {
  return {
    sku: 'MUG',
    title: 'Mug',
    externalId: null,
    quantity: 3,
    unitPrice: 1_000n,
    discount: 0n,
    tax: 0n,
    weightGrams: 350,
    design: null,
    ...change,
  };
}

/** Paid elsewhere. */
export const elsewhere = { mode: 'external', capture: 'immediately', method: null } as const;
/** Held by a processor, and taken package by package. */
export const onShipment = { mode: 'processor', capture: 'on_shipment', method: 'pm_card_visa' } as const;

/** Orders in the database of one tenant, without their processes: brought where they shall be by hand. */
export class StoredOrders {
  readonly #database: Database;
  readonly tenantId: string;

  constructor(database: Database, tenantId: string) {
    this.#database = database;
    this.tenantId = tenantId;
  }

  /** An order for 34.90 to be taken at once by a processor, by hand in packages, with some of it otherwise. */
  async place(change: Partial<NewOrder> = {}): Promise<Order> {
    return await this.#database.transaction('orders', async (transaction) => {
      const given: NewOrder = {
        tenantId: this.tenantId,
        source: 'api',
        externalId: null,
        sourceOrderId: null,
        currency: 'EUR',
        shipping: 490n,
        credit: 0n,
        customer: { email: 'ada@example.com', name: null, phone: null },
        shippingAddress: null,
        payment: { mode: 'processor', capture: 'immediately', method: 'pm_card_visa' },
        externalPaid: 0n,
        fulfillmentMode: 'manual',
        actionSeconds: 3_600,
        externalUpdatedAt: null,
        lines: [lineOf()],
        ...change,
      };
      return (await createOrder(transaction, given, system)).order;
    });
  }

  async change(id: string, work: (open: OpenOrder) => Promise<void> | void): Promise<Order> {
    return await this.#database.transaction('orders', (transaction) =>
      changeOrder(transaction, this.tenantId, id, system, work),
    );
  }

  /** One that is worked on. */
  async worked(change: Partial<NewOrder> = {}): Promise<Order> {
    const { id } = await this.place(change);
    return await this.change(id, async (open) => {
      await reserveOrder(open);
      openForWork(open);
    });
  }

  /** One whose money was taken and that was delivered. */
  async delivered(): Promise<Order> {
    const { id } = await this.worked();
    await this.change(id, (open) => settled(open, 'capture', 3_490n));
    await this.change(id, async (open) => void (await ship(open, 3)));
    return await this.change(id, async (open) => {
      for (const one of open.order.fulfillments) await deliver(open, one);
    });
  }

  /** From now on what is made to order is sent by carrier. */
  async sendByCarrier(): Promise<void> {
    await this.#database.transaction('orders', ({ sql }) =>
      new LocationRepository(sql, this.tenantId).add(madeToOrderAt, {
        name: 'Mugs',
        line1: 'Street 2',
        city: 'Town',
        country: 'DE',
      }),
    );
  }

  async stock(sku: string, units: Readonly<Record<string, number>>): Promise<void> {
    await this.#database.transaction('orders', async ({ sql }) => {
      const stock = new StockRepository(sql, this.tenantId);
      await stock.add({ sku, title: sku, price: 1_000n, currency: 'EUR', active: true });
      for (const [location, onHand] of Object.entries(units)) await stock.set(sku, location, onHand);
    });
  }

  /** What listeners were told of an order. */
  async events(id: string): Promise<DomainEvent[]> {
    return await this.#database.read('orders', ({ sql }) =>
      sql<DomainEvent>(
        `select id, type, tenant_id as "tenantId", subject, data, occurred_at as "occurredAt" from orders.outbox
         where subject = $1 order by position`,
        [`order:${id}`],
      ),
    );
  }

  /** The amounts that others have to give back. */
  async dueBack(id: string): Promise<unknown[]> {
    const due = (await this.events(id)).filter(({ type }) => type === 'order.refund_due');
    return due.map(({ data }) => data['amount']);
  }
}

/** A payment that has succeeded. */
export function settled(
  open: OpenOrder,
  kind: 'authorize' | 'capture',
  amount: bigint,
  { final = false, fulfillmentId = null }: { final?: boolean; fulfillmentId?: string | null } = {},
): void {
  const key = `${kind}:${open.order.payments.length}`;
  const { id } = reservePayment(open, { kind, key, amount, parentId: null, final, fulfillmentId });
  settlePayment(open, id, { outcome: 'succeeded', reference: key });
}

/** Its carrier says that a package has arrived. */
export async function deliver(open: OpenOrder, one: Fulfillment): Promise<void> {
  await track(open, one, {
    status: 'delivered',
    occurredAt: '2026-11-28T10:00:00.000Z',
    message: null,
    place: null,
  });
}

/** A package of some units of the first line that has left. */
export async function ship(open: OpenOrder, quantity: number): Promise<Fulfillment> {
  const [one] = await fulfillUnits(open, [{ lineId: open.order.lines[0]?.id ?? '', quantity }]);
  if (!one) throw new Error('Nothing is held of the first line.');
  moveFulfillment(open, one, 'packed');
  await markShipped(open, one);
  return one;
}
