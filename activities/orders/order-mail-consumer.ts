import type { Database } from '../../db/database.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { Order } from '../../db/orders/order.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { Failure } from '../../domain/failure.ts';
import { isErasedCustomer } from '../../domain/orders/erased-customer.ts';
import { noticeOf, notices, orderMail, type Notice } from '../../domain/orders/order-mail.ts';
import { renderMail } from '../../platform/mail/layout.ts';
import type { Mailer } from '../../platform/mail/mailer.ts';

/** Orders that are placed with us: a shop writes to its customers itself. */
const ours = new Set(['api', 'reorder', 'exchange']);

/**
 * Mails customers what has become of their orders. It hears the events rather than being steps of the process, so a mail
 * server that is down holds nothing up and loses nothing.
 */
export function createOrderMailConsumer(parts: { database: Database; mailer: Mailer }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  const { database, mailer } = parts;

  const mail = async (event: DomainEvent): Promise<void> => {
    const notice = noticeIn(event);
    if (notice === null) return;
    const order = await find(database, event.tenantId, event.subject.replace('order:', ''));
    // Erased meanwhile.
    if (!order || isErasedCustomer(order.customer)) return;
    const wished = event.type === 'order.notice_requested';
    if (!wished && !ours.has(order.source)) return;
    await mailer.send({
      to: order.customer.email,
      id: event.id,
      ...renderMail(
        orderMail(notice, {
          number: order.number,
          lines: order.lines.map(({ title, quantity, cancelled, missing }) => ({
            title,
            quantity: quantity - cancelled,
            missing,
          })),
          packages: order.fulfillments.filter(({ shippedAt }) => shippedAt !== null),
          deadline: order.deadlineAt,
        }),
      ),
    });
  };

  return {
    async handle(events) {
      for (const event of events) await mail(event);
    },
  };
}

function noticeIn({ type, data }: DomainEvent): Notice | null {
  if (type !== 'order.notice_requested') return noticeOf[type] ?? null;
  return notices.find((notice) => notice === data['notice']) ?? null;
}

async function find(database: Database, tenantId: string, id: string): Promise<Order | null> {
  try {
    return await database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
  } catch (error) {
    if (error instanceof Failure && error.code === 'orders.order_not_found') return null;
    throw error;
  }
}
