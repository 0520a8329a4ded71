import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { Order } from '../../db/orders/order.ts';
import { nullFor } from '../../domain/failure.ts';
import { orderWorkflowId } from '../../workflows/orders/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Orders among all processes. */
export function orderProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'order',
    scope: 'orders:read',
    entries: {
      'order.created': { type: 'created', words: 'Placed', data: ['total', 'currency'] },
      'order.status_changed': {
        type: 'status_changed',
        words: 'Its status has changed',
        data: ['from', 'to', 'reason'],
      },
      'order.customer_action_required': {
        type: 'customer_action_required',
        words: 'Its customer is asked what to do about missing items',
        data: ['deadline'],
      },
      'order.amended': { type: 'amended', words: 'What was ordered has been changed' },
      'inventory.reserved': { type: 'inventory_reserved', words: 'Stock is held for it' },
      'inventory.released': { type: 'inventory_released', words: 'Stock is free again' },
      'order.payment_authorized': {
        type: 'payment_authorized',
        words: 'The payment is authorised',
        data: ['amount', 'currency'],
      },
      'order.payment_captured': {
        type: 'payment_captured',
        words: 'Money was taken',
        data: ['amount', 'currency', 'fulfillment_id'],
      },
      'order.payment_voided': { type: 'payment_voided', words: 'The payment was let go' },
      'order.payment_failed': { type: 'payment_failed', words: 'The payment was refused', data: ['code'] },
      'order.paid': { type: 'paid', words: 'Paid', data: ['amount', 'currency'] },
      'order.customer_erased': { type: 'customer_erased', words: 'Its customer was forgotten' },
      'fulfillment.created': {
        type: 'fulfillment_created',
        words: 'A package is made up',
        data: ['location'],
      },
      'fulfillment.cancelled': { type: 'fulfillment_cancelled', words: 'A package was called off' },
      'order.shipped': { type: 'shipped', words: 'A package has left', data: ['carrier', 'tracking_number'] },
      'shipment.updated': {
        type: 'shipment_updated',
        words: 'A carrier has reported',
        data: ['reported', 'tracking_status'],
      },
      'order.refunded': {
        type: 'refunded',
        words: 'Money was given back',
        data: ['amount', 'currency', 'cause', 'refund_id'],
      },
    },
    find: (tenantId, id) =>
      database
        .read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id))
        .then(summaryOf)
        .catch(nullFor('orders.order_not_found')),
    list: async (tenantId, limit, afterId) => {
      const orders = await database.read('orders', ({ sql }) =>
        new OrderRepository(sql, tenantId).list({}, limit, afterId),
      );
      return orders.map(summaryOf);
    },
  };
}

function summaryOf({ id, status, createdAt, finishedAt }: Order): ProcessSummary {
  return { id, state: status, workflowId: orderWorkflowId(id), createdAt, finishedAt };
}
