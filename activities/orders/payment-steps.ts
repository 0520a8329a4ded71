import { markShipped } from '../../db/orders/fulfillments.ts';
import type { OpenOrder } from '../../db/orders/open-order.ts';
import {
  amountToTake,
  dueOf,
  isConfirming,
  authorizationOf,
  heldInVain,
  isLastCapture,
  unconfirmedOf,
} from '../../db/orders/order-money.ts';
import { followRefusal, settle } from '../../db/orders/order-steps.ts';
import type { Fulfillment, Order, Payment } from '../../db/orders/order.ts';
import {
  askAgain,
  beginPayment,
  paymentOf,
  reserveCorrections,
  reservePayment,
} from '../../db/orders/payments.ts';
import { isUndone } from '../../domain/orders/order-status.ts';
import type { PaymentCalls } from '../../services/orders/outside.ts';
import type { OfFulfillment, OfOrder, OrderChanges } from './order-changes.ts';

/** The calls to the processor: each written down first, then made, then settled with what follows from its outcome. */
export class PaymentSteps {
  readonly #orders: OrderChanges;
  readonly #calls: PaymentCalls;

  constructor(orders: OrderChanges, calls: PaymentCalls) {
    this.#orders = orders;
    this.#calls = calls;
  }

  async authorize(of: OfOrder): Promise<Order> {
    return await this.#reserveAndPerform(of, async (open) => {
      const { order } = open;
      if (isUndone(order.status) || authorizationOf(order) || isConfirming(order) || dueOf(order) === 0n)
        return [];
      // Of all that was ordered, also of what may be missing: what is not taken is let go.
      const payment = reservePayment(open, {
        kind: 'authorize',
        key: `authorize:${order.id}`,
        amount: dueOf(order),
        parentId: null,
      });
      await followRefusal(open, payment);
      return [payment];
    });
  }

  /** Takes all of it at once, for orders that are paid when they are placed. */
  async captureAll(of: OfOrder): Promise<Order> {
    return await this.#reserveAndPerform(of, async (open) => {
      const { order } = open;
      const authorization = authorizationOf(order);
      if (isUndone(order.status) || !authorization) return [];
      const payment = reservePayment(open, {
        kind: 'capture',
        key: `capture:${order.id}`,
        amount: dueOf(order),
        parentId: authorization.id,
        final: true,
      });
      await followRefusal(open, payment);
      return [payment];
    });
  }

  async void(of: OfOrder): Promise<Order> {
    return await this.#reserveAndPerform(of, (open) => {
      const { order } = open;
      const authorization = authorizationOf(order) ?? unconfirmedOf(order);
      const amount = heldInVain(order);
      if (!authorization || amount === 0n) return [];
      return [
        reservePayment(open, {
          kind: 'void',
          key: `void:${order.id}`,
          amount,
          parentId: authorization.id,
        }),
      ];
    });
  }

  /** Looks up whether the customer has confirmed the payment, should nobody have told us. */
  async confirm(of: OfOrder): Promise<void> {
    let waiting: Payment | null = null;
    await this.#orders.change(of, (open) => {
      waiting = unconfirmedOf(open.order);
      if (waiting) askAgain(open, waiting);
    });
    if (waiting) await this.perform(of, (waiting as Payment).id);
  }

  async refundOverpaid(of: OfOrder): Promise<Order> {
    return await this.#reserveAndPerform(of, reserveCorrections);
  }

  /** Takes the money for a package that is packed, then lets it leave. */
  async ship(of: OfFulfillment): Promise<Order> {
    const order = await this.#reserveAndPerform(of, (open) => {
      const one = open.fulfillment(of.fulfillmentId);
      const authorization = authorizationOf(open.order);
      if (!one || !isReady(open.order, one) || !authorization) return [];
      if (open.order.payment.capture === 'immediately') return [];
      const amount = amountToTake(open.order, one, authorization);
      if (amount === 0n) return [];
      return [
        reservePayment(open, {
          kind: 'capture',
          key: `capture:${one.id}`,
          amount,
          parentId: authorization.id,
          fulfillmentId: one.id,
          final: isLastCapture(open.order, one.id),
        }),
      ];
    });
    const one = order.fulfillments.find(({ id }) => id === of.fulfillmentId);
    if (!one || !isReady(order, one)) return order;
    return await this.#orders.changeOne(of, async (open, packed) => {
      if (isReady(open.order, packed)) await markShipped(open, packed);
    });
  }

  /** Makes a call whose outcome is not known: it is looked up first. Once settled, it is never made again. */
  async perform(of: OfOrder, paymentId: string): Promise<Order> {
    const before = await this.#orders.read(of);
    const known = paymentOf(before, paymentId);
    if (!isOpen(known)) return before;
    // From here on it may have arrived, whatever becomes of this process.
    const order = await this.#orders.change(of, (open) => void beginPayment(open, paymentId));
    const payment = paymentOf(order, paymentId);
    const parent = payment.parentId === null ? null : paymentOf(order, payment.parentId);
    const outcome =
      (known.state === 'unknown' ? await this.#calls.find(order, payment, parent) : null) ??
      (await this.#calls.make(order, payment, parent));
    return await this.#orders.change(of, async (open) => {
      // Another attempt was faster, and has told that it came to nothing.
      if (outcome.outcome !== 'succeeded' && !isOpen(paymentOf(open.order, paymentId))) return;
      await settle(open, paymentId, outcome);
    });
  }

  async #reserveAndPerform(
    of: OfOrder,
    reserve: (open: OpenOrder) => Payment[] | Promise<Payment[]>,
  ): Promise<Order> {
    let reserved: Payment[] = [];
    let order = await this.#orders.change(of, async (open) => {
      reserved = await reserve(open);
    });
    for (const { id } of reserved) order = await this.perform(of, id);
    return order;
  }
}

function isReady(order: Order, one: Fulfillment): boolean {
  return one.status === 'packed' && order.status !== 'on_hold';
}

/** Nobody has said yet what has come of it. */
function isOpen({ state }: Payment): boolean {
  return state === 'reserved' || state === 'unknown';
}
