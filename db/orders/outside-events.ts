import { validate as isUuid } from 'uuid';
import type { ShopOrder } from '../../domain/orders/shop-order.ts';
import type { ShopRefund } from '../../domain/orders/shop-refund.ts';
import { amountDue } from '../../domain/orders/lines.ts';
import { least } from '../../domain/orders/money.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { createOrder } from './create-order.ts';
import type { NewLine } from './new-lines.ts';
import { changeOrder, type OpenOrder } from './open-order.ts';
import { dueOf, externalRefundedOf, unconfirmedOf } from './order-money.ts';
import type { Actor } from './actor.ts';
import { cancelOrder, holdOrder } from './order-commands.ts';
import { reserveOrder } from './order-steps.ts';
import type { DesignReference, Order, Payment } from './order.ts';
import { OrderRepository } from './order.repository.ts';
import { takeOutsideRefund, takeOutsideTotal, type Told } from './outside-refunds.ts';
import { admitCommand } from '../../domain/orders/order-commands.ts';
import { hasShipped, isTerminal } from '../../domain/orders/order-status.ts';
import { Failure } from '../../domain/failure.ts';

/** A shop sees to its unpaid orders itself: we wait for long. */
const shopActionSeconds = 30 * 24 * 60 * 60;

/** What a shop has told, and when it was so there. */
export interface ShopReport {
  /** The webhook: the same one told again is told once. */
  inboundId: string;
  topic: string;
  occurredAt: Date | null;
  /** Something newer is known of the order already: it is noted, and changes nothing. */
  stale: boolean;
}

/** An order of a shop, with those of the designs that it names which the organisation has, by the name of the line there. */
export interface ToldOrder extends ShopOrder {
  designs: ReadonlyMap<string, DesignReference>;
}

/**
 * Takes an order as a shop tells it: a new one gets its process, a known one follows. However often and in whatever order
 * the shop tells, it is one order, and the newest word holds.
 *
 * It has been placed there, so it is taken also when it names a design that the organisation does not have: then it is on
 * hold, so that no thing without its design is sent.
 */
export async function takeShopOrder(
  transaction: Transaction,
  tenantId: string,
  source: string,
  given: ToldOrder,
  report: ShopReport,
  actor: Actor,
): Promise<void> {
  const orders = new OrderRepository(transaction.sql, tenantId);
  const known = await orders.findExternal(source, given.externalId);
  const id = known?.id ?? (await addShopOrder(transaction, tenantId, source, given, report, actor));
  await changeOrder(transaction, tenantId, id, actor, async (open) => {
    const { order } = open;
    const { inboundId, topic, occurredAt, stale } = report;
    if (await isNoted(transaction.sql, order.id, inboundId)) return;
    open.tell('order.source_reported', {
      inbound_id: inboundId,
      topic,
      occurred_at: occurredAt?.toISOString() ?? null,
      stale,
    });
    const isOlder =
      occurredAt !== null && order.externalUpdatedAt !== null && occurredAt < order.externalUpdatedAt;
    if (known === null) await awaitDesigns(open, given);
    if (stale || isOlder) return;
    if (occurredAt) order.externalUpdatedAt = occurredAt;
    if (given.paid) markPaid(open, least(dueOf(order), placedFor(order)));
    for (const refund of given.refunds) await takeShopRefund(open, refund);
    if (given.refunded) await markRefunded(open);
    if (given.cancelled) await cancelIfPossible(open);
  });
}

/** What the order came to when the shop placed it: all that it was paid with there. Lines that were added here are not in it. */
function placedFor({ lines, shipping }: Order): bigint {
  const placed = lines.filter(({ externalId }) => externalId !== null);
  return amountDue(
    placed.map((line) => ({ ...line, cancelled: 0 })),
    shipping,
  );
}

/** Has people look at lines whose design nobody has here. What is missing besides is asked of the customer first. */
async function awaitDesigns(open: OpenOrder, { lines, designs }: ToldOrder): Promise<void> {
  const unknown = lines.filter(({ externalId, design }) => design !== null && !designs.has(externalId));
  if (unknown.length === 0) return;
  const names = new Set(unknown.map(({ externalId }) => externalId));
  open.tell('order.design_unknown', {
    lines: open.order.lines
      .filter(({ externalId }) => names.has(externalId ?? ''))
      .map(({ id, sku, quantity }) => ({ line_id: id, sku, quantity })),
  });
  await reserveOrder(open);
  if (!open.order.lines.some(({ missing }) => missing)) await holdOrder(open, null, 'design_unknown');
}

async function isNoted(sql: Sql, orderId: string, inboundId: string): Promise<boolean> {
  const rows = await sql(
    `select 1 from orders.timeline
     where order_id = $1 and type = 'order.source_reported' and data ->> 'inbound_id' = $2 limit 1`,
    [orderId, inboundId],
  );
  return rows.length > 0;
}

async function addShopOrder(
  transaction: Transaction,
  tenantId: string,
  source: string,
  given: ToldOrder,
  report: ShopReport,
  actor: Actor,
): Promise<string> {
  const lines = given.lines.map((line): NewLine => ({
    ...line,
    design: given.designs.get(line.externalId) ?? null,
  }));
  const due = amountDue(
    lines.map((line) => ({ ...line, cancelled: 0 })),
    given.shipping,
  );
  const { order } = await createOrder(
    transaction,
    {
      tenantId,
      source,
      externalId: given.externalId,
      sourceOrderId: null,
      currency: given.currency,
      shipping: given.shipping,
      credit: 0n,
      customer: given.customer,
      shippingAddress: given.shippingAddress,
      payment: { mode: 'external', capture: 'immediately', method: null },
      externalPaid: given.paid ? due : 0n,
      fulfillmentMode: 'automatic',
      actionSeconds: shopActionSeconds,
      externalUpdatedAt: report.occurredAt,
      lines,
    },
    actor,
  );
  return order.id;
}

async function cancelIfPossible(open: OpenOrder): Promise<void> {
  try {
    if (admitCommand('cancel', open.order.status)) await cancelOrder(open, 'cancelled_at_source');
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'orders.order_state') throw error;
    // It has left already: that it shall come back is for people to see to.
    open.tell('order.cancellation_missed');
  }
}

/** One payment elsewhere, as it is told. */
export interface OutsidePayment {
  /** Its name there: what is told of it again is the same payment. */
  reference: string;
  amount: bigint;
  /** ISO 4217. */
  currency: string;
}

/**
 * Counts a payment that was made elsewhere. Several add up; together they are at least what the order was said to be paid
 * with, as those may be the same. One in another currency pays nothing, and is noted.
 */
export function addPayment(open: OpenOrder, { reference, amount, currency }: OutsidePayment): void {
  const { order } = open;
  if (order.payment.mode !== 'external') return;
  const isKnown = Object.hasOwn(order.externalPayments, reference);
  // What is told of it by this name – that it is refunded – is of this order from now on.
  if (!isKnown)
    open.tell('order.external_ids_added', { external_ids: [`stripe:payment_intent:${reference}`] });
  if (currency !== order.currency) {
    if (isKnown) return;
    order.externalPayments[reference] = '0';
    open.tell('order.payment_changed', {
      problem: 'currency_mixed',
      amount: String(amount),
      currency,
      reference,
    });
    return;
  }
  if (amount <= BigInt(order.externalPayments[reference] ?? '0')) return;
  order.externalPayments[reference] = String(amount);
  markPaid(
    open,
    Object.values(order.externalPayments).reduce((sum, one) => sum + BigInt(one), 0n),
  );
}

/** What was paid elsewhere is paid, at least so much in all. Said again, it is no more. */
export function markPaid(open: OpenOrder, amount: bigint): void {
  const { order } = open;
  if (order.payment.mode !== 'external' || amount <= order.externalPaid) return;
  order.externalPaid = amount;
  // What was told to be refunded of it may have come first.
  order.externalRefunded = externalRefundedOf(order);
  open.tell('order.payment_changed', { amount: String(amount), currency: order.currency });
}

/** A refund of an order, as the shop tells it that the order is from. */
export async function takeShopRefund(open: OpenOrder, refund: ShopRefund): Promise<void> {
  await takeOutsideRefund(open, toldByShop(open.order), { ...refund, key: null, code: null });
}

function toldByShop({ source, externalId }: Order): Told {
  return { by: source, of: externalId ?? '' };
}

/** All that was paid elsewhere was given back there: nobody is to do so again, and nothing leaves that has not. */
async function markRefunded(open: OpenOrder): Promise<void> {
  const { order } = open;
  takeOutsideTotal(open, toldByShop(order), { amount: order.externalPaid, currency: order.currency });
  if (!hasShipped(order.status) && !isTerminal(order.status)) await cancelOrder(open, 'refunded_at_source');
}

/**
 * The order that a payment is for: by the reference that we have of it, be it to us or to others, or by the name that it bears,
 * which is the order's ID, its number, or what it is called elsewhere.
 */
export async function findPaidOrder(
  sql: Sql,
  tenantId: string,
  { reference, order: name }: { reference: string | null; order: string | null },
): Promise<string | null> {
  const [row] = await sql<{ id: string }>(
    // Each by an index of its own.
    `select order_id as id from orders.payments where tenant_id = $1 and reference = $2
     union all select id from orders.orders
       where tenant_id = $1 and external_payments <> '{}' and external_payments ? $2::text
     union all select id from orders.orders where tenant_id = $1 and id = $4::uuid
     union all select id from orders.orders where tenant_id = $1 and number = $3::text
     union all select id from orders.orders where tenant_id = $1 and external_id = $3::text
     limit 1`,
    [tenantId, reference, name, name !== null && isUuid(name) ? name : null],
  );
  return row?.id ?? null;
}

/** The packages that a carrier speaks of: several, where units from several places travel under one number. */
export async function findTracked(
  sql: Sql,
  tenantId: string,
  trackingNumber: string,
): Promise<{ orderId: string; fulfillmentIds: string[] } | null> {
  // Carriers use their numbers again after a while: the newest order is meant.
  const [row] = await sql<{ orderId: string; fulfillmentIds: string[] }>(
    `select order_id as "orderId", array_agg(id::text order by id) as "fulfillmentIds" from orders.fulfillments
     where tenant_id = $1 and tracking_number = $2 and status not in ('cancelled', 'failed')
     group by order_id order by max(id::text) desc limit 1`,
    [tenantId, trackingNumber],
  );
  return row ?? null;
}

/** The payment of an order that waits for its customer, if it has this reference. */
export function unconfirmedNamed(open: OpenOrder, reference: string | null): Payment | null {
  const waiting = unconfirmedOf(open.order);
  return waiting !== null && waiting.reference === reference ? waiting : null;
}
