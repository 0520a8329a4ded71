import type { Database } from '../../db/database.ts';
import { splitOrder, track } from '../../db/orders/fulfillments.ts';
import type { OpenOrder } from '../../db/orders/open-order.ts';
import { complete, openForWork, reserveOrder, timeOut } from '../../db/orders/order-steps.ts';
import type { Fulfillment, Order } from '../../db/orders/order.ts';
import type { FulfillOrderInput, OrderActivities, OrderView } from '../../workflows/orders/messages.ts';
import { LabelSteps } from './label-steps.ts';
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
  const payments = new PaymentSteps(database, parts.payments);
  const view = async (order: Promise<Order>): Promise<OrderView> => orderView(await order, trackSeconds);
  const change = (input: FulfillOrderInput, work: (open: OpenOrder) => Promise<void> | void) =>
    payments.change(input, work);
  const labels = new LabelSteps(payments, carrier);

  const trackOrder = async (input: FulfillOrderInput): Promise<Order> => {
    const order = await payments.read(input);
    for (const { id, status, labelState } of order.fulfillments) {
      if (!carrier || status !== 'shipped' || labelState !== 'bought') continue;
      const one = order.fulfillments.find((known) => known.id === id) as Fulfillment;
      const reports = await carrier.reports(one);
      await payments.changeOne({ ...input, fulfillmentId: id }, async (open, now) => {
        for (const report of reports.toSorted((a, b) => a.occurredAt.localeCompare(b.occurredAt)))
          await track(open, now, report);
      });
    }
    return await payments.read(input);
  };

  return {
    readOrder: (input) => view(payments.read(input)),
    reserveStock: (input) => view(change(input, reserveOrder)),
    openOrder: (input) => view(change(input, openForWork)),
    splitOrder: (input) =>
      view(
        change(input, async (open) => {
          if (open.order.status !== 'on_hold' && open.order.fulfillmentMode === 'automatic')
            await splitOrder(open);
        }),
      ),
    completeOrder: (input) => view(change(input, complete)),
    timeOutOrder: async ({ deadline, ...input }) => {
      await payments.confirm(input);
      return await view(change(input, (open) => timeOut(open, deadline)));
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
