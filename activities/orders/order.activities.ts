import type { Database } from '../../db/database.ts';
import { splitOrder, track } from '../../db/orders/fulfillments.ts';
import { complete, openForWork, reserveOrder, timeOut } from '../../db/orders/order-steps.ts';
import type { Order } from '../../db/orders/order.ts';
import type { FulfillOrderInput, OrderActivities, OrderView } from '../../workflows/orders/messages.ts';
import { LabelSteps } from './label-steps.ts';
import { OrderChanges } from './order-changes.ts';
import { orderView } from './order-view.ts';
import type { CarrierCalls, PaymentCalls } from '../../services/orders/outside.ts';
import { PaymentSteps } from './payment-steps.ts';

export interface OrderParts {
  database: Database;
  payments: PaymentCalls;
  /** Null: packages leave without a label. */
  carrier: CarrierCalls | null;
  /** A carrier that says nothing for so long is asked. */
  trackSeconds?: number;
}

/** Every step of an order. */
export function createOrderActivities(parts: OrderParts): OrderActivities {
  const { database, carrier, trackSeconds } = parts;
  const orders = new OrderChanges(database);
  const payments = new PaymentSteps(orders, parts.payments);
  const labels = new LabelSteps(orders, carrier);
  const view = async (order: Promise<Order>): Promise<OrderView> => orderView(await order, trackSeconds);

  const trackOrder = async (input: FulfillOrderInput): Promise<Order> => {
    const { fulfillments } = await orders.read(input);
    for (const one of fulfillments) {
      if (!carrier || one.status !== 'shipped' || one.labelState !== 'bought') continue;
      const reports = await carrier.reports(one);
      await orders.changeOne({ ...input, fulfillmentId: one.id }, async (open, now) => {
        for (const report of reports.toSorted((a, b) => a.occurredAt.localeCompare(b.occurredAt)))
          await track(open, now, report);
      });
    }
    return await orders.read(input);
  };

  return {
    readOrder: (input) => view(orders.read(input)),
    reserveStock: (input) => view(orders.change(input, reserveOrder)),
    openOrder: (input) => view(orders.change(input, openForWork)),
    splitOrder: (input) =>
      view(
        orders.change(input, async (open) => {
          if (open.order.status !== 'on_hold' && open.order.fulfillmentMode === 'automatic')
            await splitOrder(open);
        }),
      ),
    completeOrder: (input) => view(orders.change(input, complete)),
    timeOutOrder: async ({ deadline, ...input }) => {
      await payments.confirm(input);
      return await view(orders.change(input, (open) => timeOut(open, deadline)));
    },
    giveUpFulfillment: (input) => view(labels.giveUp(input)),
    postponeLabel: (input) => view(labels.postpone(input)),
    authorizePayment: (input) => view(payments.authorize(input)),
    capturePayment: (input) => view(payments.captureAll(input)),
    resolvePayment: (input) => view(payments.perform(input, input.paymentId)),
    refundOverpaid: (input) => view(payments.refundOverpaid(input)),
    voidPayment: (input) => view(payments.void(input)),
    buyLabel: (input) => view(labels.buy(input)),
    voidLabel: (input) => view(labels.void(input)),
    shipFulfillment: (input) => view(payments.ship(input)),
    trackOrder: (input) => view(trackOrder(input)),
  };
}
