import { shown, type TrackingEntry } from '../../db/orders/fulfillments.ts';
import { capturedOf, dueOf, refundedOf, sumOf } from '../../db/orders/order-money.ts';
import type { TimelineEntry } from '../../db/orders/order.repository.ts';
import type { Fulfillment, Order, OrderLine } from '../../db/orders/order.ts';

export function orderAddress(id: string): string {
  return `/v1/orders/${id}`;
}

/** An order as callers of its organisation see it. */
export function presentOrder(order: Order): object {
  return {
    ...heading(order),
    source: order.source,
    external_id: order.externalId,
    source_order_id: order.sourceOrderId,
    hold_reason: order.holdReason,
    problem: order.problem,
    currency: order.currency,
    customer: order.customer,
    shipping_address: order.shippingAddress,
    lines: order.lines.map(presentLine),
    fulfillment: order.fulfillmentMode,
    fulfillments: order.fulfillments.map((one) => presentFulfillment(order.id, one)),
    totals: {
      shipping: String(order.shipping),
      credit: String(order.credit),
      due: String(dueOf(order)),
      authorized: String(sumOf(order, 'authorize')),
      captured: String(capturedOf(order)),
      refunded: String(refundedOf(order)),
    },
    created_at: order.createdAt.toISOString(),
    updated_at: order.updatedAt.toISOString(),
    finished_at: order.finishedAt?.toISOString() ?? null,
  };
}

function heading(order: Order): object {
  return {
    id: order.id,
    number: order.number,
    status: order.status,
    payment_status: order.paymentStatus,
    return_status: order.returnStatus,
    deadline: order.deadlineAt?.toISOString() ?? null,
  };
}

export function presentStatus(order: Order): object {
  return { ...heading(order), version: order.revision, updated_at: order.updatedAt.toISOString() };
}

function presentLine(line: OrderLine): object {
  const { id, sku, title, quantity, missing, cancelled, shipped, delivered, returned, design } = line;
  return {
    id,
    sku,
    title,
    quantity,
    unit_price: String(line.unitPrice),
    discount: String(line.discount),
    tax: String(line.tax),
    missing,
    cancelled,
    shipped,
    delivered,
    returned,
    design,
  };
}

function presentFulfillment(orderId: string, one: Fulfillment): object {
  return {
    id: one.id,
    number: one.number,
    status: one.status,
    location: one.location,
    lines: shown(one),
    amount: String(one.amount),
    carrier: one.carrier,
    tracking_number: one.trackingNumber,
    tracking_url: one.trackingUrl,
    service: one.service,
    label_state: one.labelState,
    label_url:
      one.labelState === 'bought' && one.labelUrl !== null
        ? `${orderAddress(orderId)}/fulfillments/${one.id}/label`
        : null,
    label_cost: one.labelCost && {
      amount: String(one.labelCost.amount),
      currency: one.labelCost.currency,
    },
    tracking_status: one.trackingStatus,
    problem: one.problem,
    created_at: one.createdAt.toISOString(),
    shipped_at: one.shippedAt?.toISOString() ?? null,
    delivered_at: one.deliveredAt?.toISOString() ?? null,
  };
}

export function presentEntry({
  revision,
  type,
  data,
  actorKind,
  actorId,
  occurredAt,
}: TimelineEntry): object {
  return { version: revision, type, data, actor: { type: actorKind, id: actorId }, occurred_at: occurredAt };
}

export function presentTracking(order: Order, events: readonly TrackingEntry[]): object {
  return {
    packages: order.fulfillments
      .filter(({ status }) => status !== 'cancelled' && status !== 'failed')
      .map((one) => ({
        fulfillment_id: one.id,
        ...presentPackage(one),
        lines: shown(one),
        events: events
          .filter(({ fulfillmentId }) => fulfillmentId === one.id)
          .map(({ status, message, place, occurredAt }) => ({
            status,
            message,
            place,
            occurred_at: occurredAt,
          })),
      })),
  };
}

function presentPackage(one: Fulfillment): object {
  return {
    status: one.status,
    carrier: one.carrier,
    tracking_number: one.trackingNumber,
    tracking_url: one.trackingUrl,
    tracking_status: one.trackingStatus,
  };
}

/** What a customer sees who names number and address. */
export function presentLookup(order: Order): object {
  return {
    number: order.number,
    status: order.status,
    lines: order.lines.map(({ title, quantity, cancelled, shipped, delivered }) => ({
      title,
      quantity: quantity - cancelled,
      shipped,
      delivered,
    })),
    packages: order.fulfillments
      .filter(({ status }) => status !== 'cancelled' && status !== 'failed')
      .map(presentPackage),
    created_at: order.createdAt.toISOString(),
  };
}
