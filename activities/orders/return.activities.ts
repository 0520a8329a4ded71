import { ReturnRepository, type Return } from '../../db/orders/returns.ts';
import { returnRefundKey, settleReturn } from '../../db/orders/settle-return.ts';
import type { Order } from '../../db/orders/order.ts';
import type {
  RefundActivities,
  RefundOrderInput,
  ReturnActivities,
  ReturnOrderInput,
  ReturnView,
} from '../../workflows/orders/messages.ts';
import type { WorkerServices } from '../services.ts';
import { OrderChanges } from './order-changes.ts';
import { PaymentSteps } from './payment-steps.ts';

/** What has not come back so long after it was approved is not waited for any more. */
const returnSeconds = 30 * 24 * 60 * 60;

/** Every step of a return, and of a refund that a person has asked for. */
export function createReturnActivities({
  database,
  payments: calls,
}: Pick<WorkerServices, 'database' | 'payments'>): ReturnActivities & RefundActivities {
  const orders = new OrderChanges(database);
  const payments = new PaymentSteps(orders, calls);

  const read = ({ returnId, tenantId }: ReturnOrderInput): Promise<Return> =>
    database.read('orders', ({ sql }) => new ReturnRepository(sql, tenantId).get(returnId));

  const perform = async (input: RefundOrderInput): Promise<void> => {
    const order = await orders.read(input);
    for (const id of openRefunds(order, input.key)) await payments.perform(input, id);
  };

  const view = async (input: ReturnOrderInput): Promise<ReturnView> => {
    const one = await read(input);
    const order = await orders.read(input);
    const details = one.lines.map(({ quantity, received }) => `- ${received} of ${quantity} back`).join('\n');
    const open = openRefunds(order, returnRefundKey(one.id));
    return {
      status: one.status,
      next: nextOf(one, open.length > 0),
      details: `**${one.status}**\n\n${details}`,
    };
  };

  return {
    readReturn: view,
    async settleReturn(input) {
      await orders.change(input, async (open) => {
        const returns = new ReturnRepository(open.transaction.sql, input.tenantId);
        await settleReturn(open, await returns.get(input.returnId), calls.available);
      });
      await perform({ ...input, key: returnRefundKey(input.returnId) });
      return await view(input);
    },
    performRefund: perform,
  };
}

function openRefunds(order: Order, key: string): string[] {
  return order.payments
    .filter((one) => one.key === key || one.key.startsWith(`${key}:`))
    .filter(({ state }) => state === 'reserved' || state === 'unknown')
    .map(({ id }) => id);
}

function nextOf({ status }: Return, refunding: boolean): ReturnView['next'] {
  if (refunding || status === 'received') return { step: 'settleReturn' };
  if (status === 'requested') return { step: 'wait', seconds: null };
  if (status === 'approved' || status === 'partially_received')
    return { step: 'wait', seconds: returnSeconds };
  return { step: 'end' };
}
