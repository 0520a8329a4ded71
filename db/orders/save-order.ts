import type { NewEvent } from '../../domain/events/event.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import type { Actor } from './actor.ts';
import type { Fulfillment, Order, Payment } from './order.ts';
import { emailHash } from './order.repository.ts';

/** Something that has happened to an order. */
export interface Entry {
  type: string;
  data: Record<string, unknown>;
  /** What people have written, for the timeline alone. */
  noted: Record<string, unknown>;
}

/** What of an order has been changed. Its own row and its lines are always written. */
export interface OrderChange {
  fulfillments: Iterable<Fulfillment>;
  payments: Iterable<Payment>;
  entries: readonly Entry[];
}

/** Writes an order that the caller holds locked, with its timeline and the events that tell of it. */
export async function saveOrder(
  transaction: Transaction,
  order: Order,
  actor: Actor,
  { fulfillments, payments, entries }: OrderChange,
): Promise<void> {
  const { sql } = transaction;
  await saveRow(sql, order);
  await saveLines(sql, order);
  for (const one of fulfillments) await saveFulfillment(sql, order, one);
  for (const one of payments) await savePayment(sql, order, one);
  await saveEntries(transaction, order, actor, entries);
}

async function saveRow(sql: Sql, order: Order): Promise<void> {
  await sql(
    `update orders.orders set status = $3, payment_status = $4, return_status = $5, hold_reason = $6, problem = $7,
       external_paid_minor = $8, external_refunded_minor = $9, disputed = $10, customer = $11, email_hash = $12,
       shipping_address = $13, payment = $14, fulfillment_mode = $15, reserved_at = $16, deadline_at = $17,
       external_updated_at = $18, version = $19, finished_at = $20, external_payments = $21,
       credit_left_minor = $22, credit_returned_minor = $23, refunds_set_off_minor = $24, updated_at = now()
     where tenant_id = $1 and id = $2`,
    [
      order.tenantId,
      order.id,
      order.status,
      order.paymentStatus,
      order.returnStatus,
      order.holdReason,
      order.problem && JSON.stringify(order.problem),
      order.externalPaid,
      order.externalRefunded,
      order.disputed,
      JSON.stringify(order.customer),
      emailHash(order.customer.email),
      order.shippingAddress && JSON.stringify(order.shippingAddress),
      JSON.stringify(order.payment),
      order.fulfillmentMode,
      order.reservedAt,
      order.deadlineAt,
      order.externalUpdatedAt,
      order.version,
      order.finishedAt,
      JSON.stringify(order.externalPayments),
      order.creditLeft,
      order.creditReturned,
      order.refundsSetOff,
    ],
  );
}

async function saveLines(sql: Sql, order: Order): Promise<void> {
  const rows = order.lines.map((line) => ({
    id: line.id,
    missing: line.missing,
    cancelled: line.cancelled,
    allocated: line.allocated,
    shipped: line.shipped,
    delivered: line.delivered,
    undeliverable: line.undeliverable,
    in_return: line.returning,
    returned: line.returned,
    refunded: line.refunded,
  }));
  await sql(
    `update orders.order_lines l set missing = g.missing, cancelled = g.cancelled, allocated = g.allocated,
       shipped = g.shipped, delivered = g.delivered, undeliverable = g.undeliverable, in_return = g.in_return,
       returned = g.returned, refunded = g.refunded
     from jsonb_to_recordset($2::jsonb) as g (id uuid, missing boolean, cancelled integer, allocated integer,
       shipped integer, delivered integer, undeliverable integer, in_return integer, returned integer,
       refunded integer)
     where l.id = g.id and l.order_id = $1`,
    [order.id, JSON.stringify(rows)],
  );
}

async function saveFulfillment(sql: Sql, order: Order, one: Fulfillment): Promise<void> {
  await sql(
    `insert into orders.fulfillments (id, order_id, tenant_id, number, location, status, amount_minor, carrier, service,
       tracking_number, tracking_url, label_ref, label_url, label_state, tracking_status, tracked_at, problem,
       shipped_at, delivered_at, label_cost_minor, label_currency, label_tries, label_retry_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
       $22, $23)
     on conflict (id) do update set status = excluded.status, carrier = excluded.carrier, service = excluded.service,
       tracking_number = excluded.tracking_number, tracking_url = excluded.tracking_url,
       label_ref = excluded.label_ref, label_url = excluded.label_url, label_state = excluded.label_state,
       tracking_status = excluded.tracking_status, tracked_at = excluded.tracked_at, problem = excluded.problem,
       shipped_at = excluded.shipped_at, delivered_at = excluded.delivered_at,
       label_cost_minor = excluded.label_cost_minor, label_currency = excluded.label_currency,
       label_tries = excluded.label_tries, label_retry_at = excluded.label_retry_at`,
    [
      one.id,
      order.id,
      order.tenantId,
      one.number,
      one.location,
      one.status,
      one.amount,
      one.carrier,
      one.service,
      one.trackingNumber,
      one.trackingUrl,
      one.labelRef,
      one.labelUrl,
      one.labelState,
      one.trackingStatus,
      one.trackedAt,
      one.problem && JSON.stringify(one.problem),
      one.shippedAt,
      one.deliveredAt,
      one.labelCost?.amount ?? null,
      one.labelCost?.currency ?? null,
      one.labelTries,
      one.labelRetryAt,
    ],
  );
  for (const line of one.lines)
    await sql(
      `insert into orders.fulfillment_lines (fulfillment_id, line_id, quantity, amount_minor)
       values ($1, $2, $3, $4) on conflict do nothing`,
      [one.id, line.lineId, line.quantity, line.amount],
    );
}

async function savePayment(sql: Sql, order: Order, one: Payment): Promise<void> {
  await sql(
    `insert into orders.payments (id, order_id, tenant_id, kind, key, amount_minor, state, reference, parent_id,
       fulfillment_id, cause, lines, reason, code, attempts, created_by, settled_at, final, action, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
     on conflict (id) do update set state = excluded.state, reference = excluded.reference, code = excluded.code,
       attempts = excluded.attempts, settled_at = excluded.settled_at, action = excluded.action, key = excluded.key,
       amount_minor = excluded.amount_minor, lines = excluded.lines`,
    [
      one.id,
      order.id,
      order.tenantId,
      one.kind,
      one.key,
      one.amount,
      one.state,
      one.reference,
      one.parentId,
      one.fulfillmentId,
      one.cause,
      one.lines && JSON.stringify(one.lines),
      one.reason,
      one.code,
      one.attempts,
      one.createdBy,
      one.settledAt,
      one.final,
      one.action,
      // Under the order's lock, and not when its transaction began: what came first is first.
      one.createdAt,
    ],
  );
}

async function saveEntries(
  transaction: Transaction,
  order: Order,
  actor: Actor,
  entries: readonly Entry[],
): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(({ type, data, noted }, index) => ({
    revision: order.revision + index + 1,
    type,
    data,
    kept: { ...data, ...noted },
  }));
  await transaction.sql(
    `with told as (
       insert into orders.timeline (order_id, revision, tenant_id, type, data, actor_kind, actor_id)
       select $1::uuid, revision, $2::uuid, type, kept, $3::text, $4::uuid
       from jsonb_to_recordset($5::jsonb) as g (revision bigint, type text, kept jsonb) order by revision
     ) update orders.orders set revision = $6 where id = $1`,
    [order.id, order.tenantId, actor.kind, actor.userId, JSON.stringify(rows), order.revision + rows.length],
  );
  const references = {
    order_id: order.id,
    number: order.number,
    source: order.source,
    external_id: order.externalId,
  };
  const events = rows.map(({ type, data, revision }): NewEvent => ({
    type,
    tenantId: order.tenantId,
    subject: `order:${order.id}`,
    data: {
      ...references,
      status: order.status,
      payment_status: order.paymentStatus,
      ...data,
      actor: actor.kind,
      version: revision,
    },
    actorId: actor.userId,
    traceId: actor.traceId ?? order.traceId,
  }));
  order.revision += rows.length;
  await transaction.publish(...events);
}
