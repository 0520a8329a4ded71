import type { Database } from '../../db/database.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { system } from '../../db/orders/actor.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { Fulfillment, Order } from '../../db/orders/order.ts';

export interface OfOrder {
  orderId: string;
  tenantId: string;
}

export interface OfFulfillment extends OfOrder {
  fulfillmentId: string;
}

/** Orders as their processes read and change them, each change in a transaction of its own. */
export class OrderChanges {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read({ orderId, tenantId }: OfOrder): Promise<Order> {
    return await this.#database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(orderId));
  }

  async change(
    { orderId, tenantId }: OfOrder,
    work: (open: OpenOrder) => Promise<void> | void,
  ): Promise<Order> {
    return await this.#database.transaction('orders', (transaction) =>
      changeOrder(transaction, tenantId, orderId, system, work),
    );
  }

  /** Changes a fulfilment, if the order has it. */
  async changeOne(
    of: OfFulfillment,
    work: (open: OpenOrder, one: Fulfillment) => Promise<void> | void,
  ): Promise<Order> {
    return await this.change(of, async (open) => {
      const one = open.fulfillment(of.fulfillmentId);
      if (one) await work(open, one);
    });
  }
}
