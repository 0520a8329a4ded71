import { processStatusAttribute, tenantIdAttribute } from '../search-attributes.ts';
import type { StartingEvent, WorkflowStart, WorkflowStarts } from '../start.ts';
import {
  ordersQueue,
  orderWorkflowId,
  refundWorkflowId,
  returnWorkflowId,
  type FulfillOrderInput,
  type RefundOrderInput,
  type ReturnOrderInput,
} from './messages.ts';

function startOrder({ tenantId, subject }: StartingEvent): WorkflowStart {
  const input: FulfillOrderInput = { orderId: subject.replace('order:', ''), tenantId };
  return {
    workflowType: 'fulfillOrder',
    workflowId: orderWorkflowId(input.orderId),
    taskQueue: ordersQueue,
    args: [input],
    summary: 'Fulfil an order',
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'pending' },
    ],
    priority: { fairnessKey: tenantId },
  };
}

function startReturn({ tenantId, subject, data }: StartingEvent): WorkflowStart {
  const returnId = String(data['return_id']);
  const input: ReturnOrderInput = { returnId, orderId: subject.replace('order:', ''), tenantId };
  return {
    workflowType: 'returnOrder',
    workflowId: returnWorkflowId(returnId),
    taskQueue: ordersQueue,
    args: [input],
    summary: 'Take back what was delivered',
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'requested' },
    ],
    priority: { fairnessKey: tenantId },
  };
}

function startRefund({ tenantId, subject, data }: StartingEvent): WorkflowStart {
  const input: RefundOrderInput = {
    orderId: subject.replace('order:', ''),
    tenantId,
    key: String(data['key']),
  };
  return {
    workflowType: 'refundOrder',
    workflowId: refundWorkflowId(String(data['refund_id'])),
    taskQueue: ordersQueue,
    args: [input],
    summary: 'Give money back',
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'reserved' },
    ],
    priority: { fairnessKey: tenantId },
  };
}

/** Which events of this domain start which workflow. */
export const orderStarts: WorkflowStarts = {
  'order.created': startOrder,
  'return.requested': startReturn,
  'order.refund_requested': startRefund,
};
