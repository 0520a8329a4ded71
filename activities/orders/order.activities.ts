import type { Database } from '../../db/database.ts';
import { moveFulfillment, splitOrder, track } from '../../db/orders/fulfillments.ts';
import type { OpenOrder } from '../../db/orders/open-order.ts';
import {
  complete,
  failFulfillment,
  openForWork,
  reserveOrder,
  timeOut,
} from '../../db/orders/order-steps.ts';
import type { Fulfillment, Order } from '../../db/orders/order.ts';
import { Failure } from '../../domain/failure.ts';
import { isBeforeShipping } from '../../domain/orders/fulfillment-status.ts';
import type { FulfillOrderInput, OrderActivities, OrderView } from '../../workflows/orders/messages.ts';
import { orderView } from './order-view.ts';
import type { CarrierCalls, Label, PaymentCalls } from '../../services/orders/outside.ts';
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
  type OfFulfillment = FulfillOrderInput & { fulfillmentId: string };

  /** Changes a fulfilment, if the order has it. */
  const changeOne = (
    input: OfFulfillment,
    work: (open: OpenOrder, one: Fulfillment) => Promise<void> | void,
  ): Promise<Order> =>
    change(input, async (open) => {
      const one = open.fulfillment(input.fulfillmentId);
      if (one) await work(open, one);
    });

  const buyLabel = async (input: OfFulfillment): Promise<Order> => {
    const order = await changeOne(input, (open, one) => {
      if (one.status !== 'allocated' || open.order.status === 'on_hold') return;
      // It brings its own: nothing is to be bought.
      if (carrier === null || one.trackingNumber !== null || !open.order.shippingAddress)
        return moveFulfillment(open, one, 'packed');
      one.labelState = 'requested';
      open.touchFulfillment(one);
    });
    const one = order.fulfillments.find(({ id }) => id === input.fulfillmentId);
    if (one?.status !== 'allocated' || one.labelState !== 'requested') return order;
    if (!carrier || !order.shippingAddress) return order;
    let label: Label;
    try {
      label = await carrier.buyLabel({
        key: labelKey(one),
        to: order.shippingAddress,
        location: one.location,
        orderNumber: order.number,
        units: one.lines.reduce((sum, { quantity }) => sum + quantity, 0),
      });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'orders.carrier_refused') throw error;
      return await refuse(input, error.message);
    }
    return await changeOne(input, (open, now) => {
      keepLabel(open, now, label);
      if (now.status === 'allocated') moveFulfillment(open, now, 'packed');
    });
  };

  const refuse = (input: OfFulfillment, message: string): Promise<Order> =>
    changeOne(input, async (open, one) => {
      one.labelState = 'refused';
      open.touchFulfillment(one);
      if (isBeforeShipping(one.status))
        await failFulfillment(open, one, { code: 'orders.carrier_refused', message });
    });

  const voidLabel = async (input: OfFulfillment): Promise<Order> => {
    const order = await payments.read(input);
    const one = order.fulfillments.find(({ id }) => id === input.fulfillmentId);
    if (!one || (one.labelState !== 'requested' && one.labelState !== 'bought')) return order;
    if (!carrier) throw new Failure('service.unavailable', 'The carrier of the label is not configured.');
    const reference = one.labelRef ?? (await carrier.findLabel(labelKey(one)))?.reference ?? null;
    if (reference !== null) await carrier.voidLabel(reference, labelKey(one));
    return await changeOne(input, (open, now) => {
      now.labelState = reference === null ? 'refused' : 'voided';
      open.touchFulfillment(now);
    });
  };

  const trackOrder = async (input: FulfillOrderInput): Promise<Order> => {
    const order = await payments.read(input);
    for (const { id, status, labelState } of order.fulfillments) {
      if (!carrier || status !== 'shipped' || labelState !== 'bought') continue;
      const one = order.fulfillments.find((known) => known.id === id) as Fulfillment;
      const reports = await carrier.reports(one);
      await changeOne({ ...input, fulfillmentId: id }, async (open, now) => {
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
    timeOutOrder: ({ deadline, ...input }) => view(change(input, (open) => timeOut(open, deadline))),
    giveUpFulfillment: (input) => view(refuse(input, 'The carrier could not be reached.')),
    authorizePayment: (input) => view(payments.authorize(input)),
    capturePayment: (input) => view(payments.captureAll(input)),
    resolvePayment: (input) => view(payments.perform(input, input.paymentId)),
    refundOverpaid: (input) => view(payments.refundOverpaid(input)),
    voidPayment: (input) => view(payments.void(input)),
    buyLabel: (input) => view(buyLabel(input)),
    voidLabel: (input) => view(voidLabel(input)),
    shipFulfillment: (input) => view(payments.ship(input)),
    trackOrder: (input) => view(trackOrder(input)),
  };
}

function labelKey({ id }: Fulfillment): string {
  return `label:${id}`;
}

function keepLabel(open: OpenOrder, one: Fulfillment, label: Label): void {
  one.labelState = 'bought';
  one.labelRef = label.reference;
  one.carrier = label.carrier;
  one.service = label.service;
  one.trackingNumber = label.trackingNumber;
  one.trackingUrl = label.trackingUrl;
  one.labelUrl = label.labelUrl;
  open.tell('order.external_ids_added', { external_ids: [`tracking:${label.trackingNumber}`] });
  open.touchFulfillment(one);
}
