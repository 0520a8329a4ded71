import { subjectId } from '../../domain/events/subject.ts';
import { searchAttributesOf, type StartingEvent, type WorkflowStart, type WorkflowStarts } from '../start.ts';
import {
  ordersQueue,
  orderWorkflowId,
  refundWorkflowId,
  returnWorkflowId,
  type FulfillOrderInput,
  type RefundOrderInput,
  type ReturnOrderInput,
} from './messages.ts';

function startOrder(event: StartingEvent): WorkflowStart {
  const { tenantId } = event;
  const input: FulfillOrderInput = { orderId: subjectId(event.subject), tenantId };
  return {
    workflowType: 'fulfillOrder',
    workflowId: orderWorkflowId(input.orderId),
    taskQueue: ordersQueue,
    args: [input],
    summary: 'Fulfil an order',
    searchAttributes: searchAttributesOf(event, 'pending'),
    priority: { fairnessKey: tenantId },
    eager: true,
  };
}

function startReturn(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const returnId = String(data['return_id']);
  const input: ReturnOrderInput = { returnId, orderId: subjectId(event.subject), tenantId };
  return {
    workflowType: 'returnOrder',
    workflowId: returnWorkflowId(returnId),
    taskQueue: ordersQueue,
    args: [input],
    summary: 'Take back what was delivered',
    searchAttributes: searchAttributesOf(event, 'requested'),
    priority: { fairnessKey: tenantId },
  };
}

function startRefund(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const input: RefundOrderInput = {
    orderId: subjectId(event.subject),
    tenantId,
    key: String(data['key']),
  };
  return {
    workflowType: 'refundOrder',
    workflowId: refundWorkflowId(String(data['refund_id'])),
    taskQueue: ordersQueue,
    args: [input],
    summary: 'Give money back',
    searchAttributes: searchAttributesOf(event, 'reserved'),
    priority: { fairnessKey: tenantId },
  };
}

/** Which events of this domain start which workflow. */
export const orderStarts: WorkflowStarts = {
  'order.created': startOrder,
  'return.requested': startReturn,
  'order.refund_requested': startRefund,
};
