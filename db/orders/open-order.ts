import type { NewEvent } from '../../domain/events/event.ts';
import { amountDue, unitCounts } from '../../domain/orders/lines.ts';
import {
  canMove,
  isTerminal,
  isUndone,
  shippingPath,
  type OrderStatus,
} from '../../domain/orders/order-status.ts';
import { paymentStatus } from '../../domain/orders/payment-status.ts';
import type { Transaction } from '../database.ts';
import type { Fulfillment, Order, OrderLine, Payment } from './order.ts';
import { emailHash, OrderRepository, type ActorKind } from './order.repository.ts';

/** Who does something to an order. */
export interface Actor {
  kind: ActorKind;
  /** The user, where it is one. */
  userId: string | null;
  traceId: string | null;
}

/** The process of the order itself. */
export const system: Actor = { kind: 'system', userId: null, traceId: null };

interface Entry {
  type: string;
  data: Record<string, unknown>;
  noted: Record<string, unknown>;
}

/** Statuses that have an event of their own besides `order.status_changed`. */
const announced: Partial<Record<OrderStatus, string>> = {
  customer_action_required: 'order.customer_action_required',
  on_hold: 'order.held',
  delivered: 'order.delivered',
  completed: 'order.completed',
  cancelled: 'order.cancelled',
  timed_out: 'order.timed_out',
  failed: 'order.failed',
};

/**
 * An order that is held locked in a transaction, with what has been changed of it so far. `save` writes all of it, with
 * the timeline and the events that tell of it, in the order in which they happened.
 */
export class OpenOrder {
  readonly transaction: Transaction;
  readonly order: Order;
  readonly actor: Actor;
  /** By the database's clock, which all processes share. */
  readonly now: Date;
  readonly #entries: Entry[] = [];
  readonly #fulfillments = new Set<Fulfillment>();
  readonly #payments = new Set<Payment>();
  readonly #creditLeft: bigint;

  constructor(transaction: Transaction, order: Order, actor: Actor) {
    this.transaction = transaction;
    this.order = order;
    this.actor = actor;
    this.now = order.readAt;
    this.#creditLeft = creditLeftOf(order);
  }

  /**
   * Notes that something has happened: in the timeline, and for whoever listens. No personal data.
   *
   * @param noted what people have written, for the timeline alone: it may speak of persons, so no listener gets it
   */
  tell(type: string, data: Record<string, unknown> = {}, noted: Record<string, unknown> = {}): void {
    this.#entries.push({ type, data, noted });
  }

  /**
   * Moves the order along one edge.
   *
   * @param reason a code
   * @param note why, in the words of whoever wanted it
   */
  move(to: OrderStatus, reason: string, facts: Record<string, unknown> = {}, note?: string | null): void {
    const { order } = this;
    const from = order.status;
    if (!canMove(from, to)) throw new Error(`An order cannot become ${to} when it is ${from}.`);
    order.status = to;
    if (isTerminal(to)) {
      order.finishedAt = this.now;
      order.deadlineAt = null;
    }
    this.tell('order.status_changed', { from, to, reason }, note ? { note } : {});
    const type = announced[to];
    if (type) this.tell(type, { reason, ...facts });
    if (isUndone(to) && order.externalPaid > order.externalRefunded) {
      const amount = order.externalPaid - order.externalRefunded;
      this.tell('order.refund_due', { amount: String(amount), currency: order.currency });
    }
  }

  /** Lets the order follow the quantities of its lines, one edge after another. */
  follow(reason: string): void {
    for (const next of shippingPath(this.order.status, unitCounts(this.order.lines))) this.move(next, reason);
  }

  line(id: string): OrderLine | undefined {
    return this.order.lines.find((line) => line.id === id);
  }

  fulfillment(id: string): Fulfillment | undefined {
    return this.order.fulfillments.find((one) => one.id === id);
  }

  /** The fulfilment was changed, or is new. */
  touchFulfillment(one: Fulfillment): void {
    this.#fulfillments.add(one);
  }

  /** The payment was changed, or is new. */
  touchPayment(one: Payment): void {
    this.#payments.add(one);
  }

  async save(): Promise<Order> {
    const { order } = this;
    if (!isCustomerAwaited(order)) order.deadlineAt = null;
    const left = creditLeftOf(order) + order.creditReturned;
    order.creditLeft = left < order.credit ? left : order.credit;
    const before = order.paymentStatus;
    order.paymentStatus = paymentStatus(booksOf(order));
    if (before !== order.paymentStatus && order.paymentStatus === 'paid')
      this.tell('order.paid', { amount: String(capturedOf(order)), currency: order.currency });
    this.#tellCreditLeft();
    await this.#saveRow();
    await this.#saveLines();
    for (const one of this.#fulfillments) await this.#saveFulfillment(one);
    for (const one of this.#payments) await this.#savePayment(one);
    await this.#saveEntries();
    return order;
  }

  /** What an exchange does not use up of its customer's credit was paid, and nobody else gives it back. */
  #tellCreditLeft(): void {
    const more = creditLeftOf(this.order) - this.#creditLeft;
    if (more > 0n) this.tell('order.refund_due', { amount: String(more), currency: this.order.currency });
  }

  async #saveRow(): Promise<void> {
    const { order } = this;
    await this.transaction.sql(
      `update orders.orders set status = $3, payment_status = $4, return_status = $5, hold_reason = $6, problem = $7,
         external_paid_minor = $8, external_refunded_minor = $9, disputed = $10, customer = $11, email_hash = $12,
         shipping_address = $13, payment = $14, fulfillment_mode = $15, reserved_at = $16, deadline_at = $17,
         external_updated_at = $18, version = $19, finished_at = $20, external_payments = $21,
         credit_left_minor = $22, credit_returned_minor = $23, updated_at = now()
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
      ],
    );
  }

  async #saveLines(): Promise<void> {
    const rows = this.order.lines.map((line) => ({
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
    await this.transaction.sql(
      `update orders.order_lines l set missing = g.missing, cancelled = g.cancelled, allocated = g.allocated,
         shipped = g.shipped, delivered = g.delivered, undeliverable = g.undeliverable, in_return = g.in_return,
         returned = g.returned, refunded = g.refunded
       from jsonb_to_recordset($2::jsonb) as g (id uuid, missing boolean, cancelled integer, allocated integer,
         shipped integer, delivered integer, undeliverable integer, in_return integer, returned integer,
         refunded integer)
       where l.id = g.id and l.order_id = $1`,
      [this.order.id, JSON.stringify(rows)],
    );
  }

  async #saveFulfillment(one: Fulfillment): Promise<void> {
    const { sql } = this.transaction;
    const { order } = this;
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

  async #savePayment(one: Payment): Promise<void> {
    await this.transaction.sql(
      `insert into orders.payments (id, order_id, tenant_id, kind, key, amount_minor, state, reference, parent_id,
         fulfillment_id, cause, lines, reason, code, attempts, created_by, settled_at, final, action)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
       on conflict (id) do update set state = excluded.state, reference = excluded.reference, code = excluded.code,
         attempts = excluded.attempts, settled_at = excluded.settled_at, action = excluded.action`,
      [
        one.id,
        this.order.id,
        this.order.tenantId,
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
      ],
    );
  }

  async #saveEntries(): Promise<void> {
    if (this.#entries.length === 0) return;
    const { order, actor, transaction } = this;
    const rows = this.#entries.map(({ type, data, noted }, index) => ({
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
      [
        order.id,
        order.tenantId,
        actor.kind,
        actor.userId,
        JSON.stringify(rows),
        order.revision + rows.length,
      ],
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
}

/** Changes an order under its lock, and saves it. */
export async function changeOrder(
  transaction: Transaction,
  tenantId: string,
  orderId: string,
  actor: Actor,
  work: (open: OpenOrder) => Promise<void> | void,
): Promise<Order> {
  const order = await new OrderRepository(transaction.sql, tenantId).lock(orderId);
  const open = new OpenOrder(transaction, order, actor);
  await work(open);
  return await open.save();
}

export function capturedOf(order: Order): bigint {
  return sumOf(order, 'capture') + order.externalPaid;
}

export function refundedOf(order: Order): bigint {
  return sumOf(order, 'refund') + order.externalRefunded;
}

/** What is to be paid for everything that was not cancelled. */
export function dueOf(order: Order): bigint {
  const due = amountDue(order.lines, order.shipping) - order.credit;
  return due > 0n ? due : 0n;
}

/** What of the credit sets nothing off: what was ordered for it is cancelled or lost. */
function creditLeftOf({ status, credit, lines, shipping }: Order): bigint {
  if (credit === 0n || isUndone(status)) return credit;
  const arriving = lines.map((line) => ({ ...line, cancelled: line.cancelled + line.undeliverable }));
  const worth = amountDue(arriving, shipping);
  return worth < credit ? credit - worth : 0n;
}

/** Whether a deadline runs: the customer has something to say, to confirm or to pay. */
export function isCustomerAwaited(order: Order): boolean {
  const { status, payment } = order;
  if (status === 'customer_action_required') return true;
  if (status !== 'pending' && status !== 'processing') return false;
  if (payment.mode === 'external') return capturedOf(order) < dueOf(order);
  return isConfirming(order);
}

/** Whether the customer's bank wants to hear from the customer before it holds the money. */
export function isConfirming({ payments }: Order): boolean {
  return payments.some(({ state }) => state === 'action_required');
}

export function sumOf(order: Order, kind: Payment['kind']): bigint {
  return order.payments
    .filter((one) => one.kind === kind && one.state === 'settled')
    .reduce((sum, one) => sum + one.amount, 0n);
}

function booksOf(order: Order): Parameters<typeof paymentStatus>[0] {
  const authorizations = order.payments.filter(({ kind }) => kind === 'authorize');
  return {
    due: dueOf(order),
    authorized: sumOf(order, 'authorize'),
    captured: capturedOf(order),
    refunded: refundedOf(order),
    voided: order.payments.some(({ kind, state }) => kind === 'void' && state === 'settled'),
    declined: authorizations.at(-1)?.state === 'failed',
    disputed: order.disputed,
  };
}
