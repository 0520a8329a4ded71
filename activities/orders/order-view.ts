import { capturedOf, dueOf } from '../../db/orders/order-money.ts';
import { stepOf } from '../../db/orders/order-steps.ts';
import type { Order } from '../../db/orders/order.ts';
import type { OrderView } from '../../workflows/orders/messages.ts';

/** What the process of an order gets to see of it: no personal data. */
export function orderView(order: Order, trackSeconds?: number): OrderView {
  const next = stepOf(order, trackSeconds);
  return { status: order.status, next, details: detailsOf(order) };
}

function detailsOf(order: Order): string {
  const lines = order.lines.map((line) => {
    const { sku, quantity, cancelled, shipped, delivered, missing } = line;
    const gone = cancelled > 0 ? `, ${cancelled} cancelled` : '';
    return `- \`${sku}\`: ${quantity}${gone}, ${shipped} shipped, ${delivered} delivered${missing ? ', **missing**' : ''}`;
  });
  const packages = order.fulfillments.map(
    ({ number, location, status, trackingStatus }) =>
      `- package ${number} from ${location}: ${status}${trackingStatus ? `, ${trackingStatus}` : ''}`,
  );
  return [
    `**${order.number}**: ${order.status}, ${order.paymentStatus} (${capturedOf(order)} of ${dueOf(order)} ${order.currency} in minor units)`,
    lines.join('\n'),
    ...(packages.length > 0 ? [packages.join('\n')] : []),
    ...(order.problem ? [`Problem: \`${order.problem.code}\``] : []),
  ].join('\n\n');
}
