import { unitCounts } from '../../domain/orders/lines.ts';
import { canMove, isTerminal, shippingPath, type OrderStatus } from '../../domain/orders/order-status.ts';
import type { Transaction } from '../database.ts';
import type { Actor } from './actor.ts';
import {
  capturedOf,
  creditLeftOf,
  externalRefundedOf,
  isCustomerAwaited,
  paymentStatusOf,
} from './order-money.ts';
import { OrderRepository } from './order.repository.ts';
import type { Fulfillment, Order, OrderLine, Payment } from './order.ts';
import { overpaidElsewhereOf } from './refund-money.ts';
import { saveOrder, type Entry } from './save-order.ts';

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
  #overpaidElsewhere: bigint;

  constructor(transaction: Transaction, order: Order, actor: Actor) {
    this.transaction = transaction;
    this.order = order;
    this.actor = actor;
    this.now = order.readAt;
    this.#creditLeft = creditLeftOf(order);
    this.#overpaidElsewhere = overpaidElsewhereOf(order);
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

  /** What is overpaid elsewhere by now has been settled there, with however much they wanted: nobody has to be told. */
  acceptOverpaid(): void {
    this.#overpaidElsewhere = overpaidElsewhereOf(this.order);
  }

  async save(): Promise<Order> {
    const { order } = this;
    if (!isCustomerAwaited(order)) order.deadlineAt = null;
    const left = creditLeftOf(order) + order.creditReturned;
    order.creditLeft = left < order.credit ? left : order.credit;
    order.externalRefunded = externalRefundedOf(order);
    const before = order.paymentStatus;
    order.paymentStatus = paymentStatusOf(order);
    if (before !== order.paymentStatus && order.paymentStatus === 'paid')
      this.tell('order.paid', { amount: String(capturedOf(order)), currency: order.currency });
    // What an exchange does not use up of its customer's credit was paid, and nobody else gives it back.
    this.#tellDueBack(creditLeftOf(order) - this.#creditLeft);
    this.#tellDueBack(overpaidElsewhereOf(order) - this.#overpaidElsewhere);
    await saveOrder(this.transaction, order, this.actor, {
      fulfillments: this.#fulfillments,
      payments: this.#payments,
      entries: this.#entries,
    });
    return order;
  }

  #tellDueBack(more: bigint): void {
    if (more > 0n) this.tell('order.refund_due', { amount: String(more), currency: this.order.currency });
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
