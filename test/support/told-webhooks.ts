import { v7 as uuidv7 } from 'uuid';
import { createOutsideEventsConsumer } from '../../activities/orders/outside-events-consumer.ts';
import type { Database } from '../../db/database.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { Order } from '../../db/orders/order.ts';
import type { DomainEvent } from '../../domain/events/event.ts';

/** What webhooks have told orders of one tenant, each twice, as the outbox may deliver it. */
export class ToldWebhooks {
  readonly #database: Database;
  readonly tenantId: string;

  constructor(database: Database, tenantId = uuidv7()) {
    this.#database = database;
    this.tenantId = tenantId;
  }

  async tell(type: string, content: unknown, data: Record<string, unknown>): Promise<void> {
    const event: DomainEvent = {
      id: uuidv7(),
      domain: 'webhooks',
      type,
      version: 1,
      tenantId: this.tenantId,
      subject: 'webhook-entity:1',
      occurredAt: '2026-11-28T12:00:00.000Z',
      data: { inbound_id: uuidv7(), entity: null, occurred_at: null, ...data },
      actorId: null,
      traceId: null,
    };
    const consumer = createOutsideEventsConsumer({
      database: this.#database,
      readContent: () => Promise.resolve(content),
    });
    await consumer.handle([event]);
    await consumer.handle([event]);
  }

  /** The one order that there is. */
  async order(): Promise<Order> {
    const [order, ...more] = await this.#database.read('orders', ({ sql }) =>
      new OrderRepository(sql, this.tenantId).list({}, 10, null),
    );
    if (!order || more.length > 0)
      throw new Error(`There is not one order, but ${order ? 'several' : 'none'}.`);
    return order;
  }

  /** What listeners were told, of a type. */
  async events(type: string): Promise<Record<string, unknown>[]> {
    const rows = await this.#database.read('orders', ({ sql }) =>
      sql<{ data: Record<string, unknown> }>(
        'select data from orders.outbox where tenant_id = $1 and type = $2 order by position',
        [this.tenantId, type],
      ),
    );
    return rows.map(({ data }) => data);
  }
}
