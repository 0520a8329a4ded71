import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { Order } from '../../db/orders/order.ts';
import { subjectId } from '../../domain/events/subject.ts';
import { nullFor } from '../../domain/failure.ts';
import { isErasedCustomer } from '../../domain/orders/erased-customer.ts';
import { notices, orderMail } from '../../domain/orders/order-mail.ts';
import type { Compose } from './composer.ts';
import type { ComposerParts } from './composer-parts.ts';

/** Goes to the customer of the order, whose address only the order knows. */
export const composeOrderNotice: Compose = async (parts, { tenantId, subject, data }) => {
  const notice = notices.find((one) => one === data['notice']);
  if (!notice) throw new Error(`There is no notice of orders named ${String(data['notice'])}.`);
  const order = await findOrder(parts, tenantId, subject);
  if (!order || isErasedCustomer(order.customer)) return null;
  const content = orderMail(notice, {
    number: order.number,
    lines: order.lines.map(({ title, quantity, cancelled, missing }) => ({
      title,
      quantity: quantity - cancelled,
      missing,
    })),
    packages: order.fulfillments.filter(({ shippedAt }) => shippedAt !== null),
    deadline: order.deadlineAt,
  });
  // A shop may know no address of a customer.
  return { content, address: order.customer.email || null };
};

/** @param subject `order:<id>`. Null when it was erased meanwhile */
export async function findOrder(
  { database }: Pick<ComposerParts, 'database'>,
  tenantId: string,
  subject: string,
): Promise<Order | null> {
  const id = subjectId(subject);
  return await database
    .read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id))
    .catch(nullFor('orders.order_not_found'));
}
