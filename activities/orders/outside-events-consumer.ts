import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { designStandings } from '../../db/designs/ordered.ts';
import { track, type CarrierReport } from '../../db/orders/fulfillments.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import type { Actor } from '../../db/orders/actor.ts';
import {
  addPayment,
  findPaidOrder,
  findTracked,
  takeShopOrder,
  takeShopRefund,
  unconfirmedNamed,
} from '../../db/orders/outside-events.ts';
import {
  giveBackRest,
  holdUnpaid,
  takeOutsideRefund,
  takeOutsideTotal,
} from '../../db/orders/outside-refunds.ts';
import { refundedOf } from '../../db/orders/order-money.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { DesignReference } from '../../db/orders/order.ts';
import { askAgain } from '../../db/orders/payments.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { Failure, nullFor } from '../../domain/failure.ts';
import { readDesignName, readShopifyOrder, type ShopOrder } from '../../domain/orders/shop-order.ts';
import { readShopifyRefund, toShopRefund } from '../../domain/orders/shop-refund.ts';
import { tracker } from '../../platform/carriers/easypost-objects.ts';
import { trackingOf } from '../../platform/carriers/easypost-results.ts';
import { trackingStatusOf } from '../../platform/carriers/easypost-status.ts';
import { fromStripeAmount } from '../../platform/payments/stripe-amount.ts';
import { refundsToldBy } from '../../platform/payments/stripe-refunds.ts';

/** What is told of a webhook. What stood in it is fetched: events name no persons. */
const heard = z.looseObject({
  inbound_id: z.uuid(),
  provider: z.string(),
  topic: z.string(),
  entity: z.looseObject({ kind: z.string(), external_id: z.string().nullable() }).nullable(),
  occurred_at: z.string().nullish(),
  tracking_code: z.string().nullish(),
  status: z.string().nullish(),
  status_detail: z.string().nullish(),
  payment_intent: z.string().nullish(),
  amount_received: z.string().nullish(),
  currency: z.string().nullish(),
});
type Heard = z.output<typeof heard>;

export interface OutsideEventParts {
  database: Database;
  /** What stood in a webhook. */
  readContent: (tenantId: string, inboundId: string) => Promise<unknown>;
}

/**
 * Hears what shops, processors and carriers have told by webhook, and lets the orders follow. Idempotent by nature: one order
 * for one external id, a payment that is so much however often it is told, each refund and each report of a carrier once.
 */
export function createOutsideEventsConsumer({ database, readContent }: OutsideEventParts): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  const change = (
    tenantId: string,
    orderId: string,
    actor: Actor,
    work: (open: OpenOrder) => Promise<void> | void,
  ) =>
    database.transaction('orders', (transaction) => changeOrder(transaction, tenantId, orderId, actor, work));

  /** Those designs that the lines of an order name and the organisation has. */
  const designsOf = async (tenantId: string, { lines }: ShopOrder): Promise<Map<string, DesignReference>> => {
    const named = lines.flatMap(({ externalId, design }) => {
      const wanted = design === null ? null : readDesignName(design);
      return wanted ? [{ ...wanted, externalId }] : [];
    });
    const standings = await database.read('designs', ({ sql }) => designStandings(sql, tenantId, named));
    const found = new Map<string, DesignReference>();
    for (const [place, { externalId, id, version }] of named.entries()) {
      const { orderable = false, newest = null } = standings[place] ?? {};
      const number = version ?? newest;
      if (number !== null && (orderable || version === null)) found.set(externalId, { id, version: number });
    }
    return found;
  };

  const takeOrder = async (event: DomainEvent, told: Heard, stale: boolean): Promise<void> => {
    if (told.provider !== 'shopify') return;
    const order = readShopifyOrder(await readContent(event.tenantId, told.inbound_id));
    const designs = await designsOf(event.tenantId, order);
    const report = {
      inboundId: told.inbound_id,
      topic: told.topic,
      occurredAt: momentOf(told.occurred_at),
      stale,
    };
    const actor: Actor = { kind: 'source', userId: null, traceId: event.traceId };
    await database.transaction('orders', (transaction) =>
      takeShopOrder(transaction, event.tenantId, told.provider, { ...order, designs }, report, actor),
    );
  };

  /** All that has happened to a parcel, dated as the carrier dates it: so what it is asked for later is the same. */
  const detailsOf = async (tenantId: string, inboundId: string): Promise<CarrierReport[]> => {
    const content = await readContent(tenantId, inboundId).catch(nullFor('webhooks.inbound_erased'));
    const told = z.object({ result: tracker }).safeParse(content);
    if (!told.success) return [];
    return trackingOf(told.data.result).events.map(({ status, occurredAt, message, place }) => ({
      status,
      occurredAt: occurredAt.toISOString(),
      message,
      place,
    }));
  };

  const takeTracking = async (event: DomainEvent, told: Heard): Promise<void> => {
    const { tracking_code: code } = told;
    const status = trackingStatusOf(told.status ?? '', told.status_detail ?? null);
    if (!code || !status) return;
    const { tenantId } = event;
    const found = await database.read('orders', ({ sql }) => findTracked(sql, tenantId, code));
    if (!found) return;
    const reports = await detailsOf(tenantId, told.inbound_id);
    // A carrier that gives no details, or not this one yet.
    if (reports.every((report) => report.status !== status))
      reports.push({
        status,
        occurredAt: (momentOf(told.occurred_at) ?? new Date(event.occurredAt)).toISOString(),
        message: told.status_detail ?? null,
        place: null,
      });
    const actor: Actor = { kind: 'carrier', userId: null, traceId: event.traceId };
    await change(tenantId, found.orderId, actor, async (open) => {
      for (const id of found.fulfillmentIds) {
        const one = open.fulfillment(id);
        if (!one) continue;
        for (const report of reports) await track(open, one, report);
      }
    });
  };

  const takePayment = async (event: DomainEvent, told: Heard): Promise<void> => {
    const { tenantId } = event;
    const content = await readContent(tenantId, told.inbound_id);
    const isIntent = told.entity?.kind === 'payment_intent';
    const reference = isIntent ? (told.entity?.external_id ?? null) : (told.payment_intent ?? null);
    const named = { reference, order: orderNamed(content) };
    const orderId = await database.read('orders', ({ sql }) => findPaidOrder(sql, tenantId, named));
    if (orderId === null) return;
    const actor: Actor = { kind: 'source', userId: null, traceId: event.traceId };
    await change(tenantId, orderId, actor, async (open) => {
      const before = refundedOf(open.order);
      const unconfirmed = unconfirmedNamed(open, reference);
      if (unconfirmed) {
        // What it says may be late: the processor is asked.
        askAgain(open, unconfirmed);
        open.tell('order.payment_changed', { reference });
      }
      if (event.type === 'webhook.payment_succeeded' && reference !== null)
        addPayment(open, {
          reference,
          ...fromStripeAmount(Number(told.amount_received ?? 0), told.currency ?? ''),
        });
      if (event.type === 'webhook.payment_disputed') {
        open.order.disputed = told.status !== 'won' && told.status !== 'warning_closed';
        open.tell('order.payment_changed', { disputed: open.order.disputed });
      }
      await holdUnpaid(open, before);
    });
  };

  /** A refund of a payment, whoever has made it. */
  const takeRefunds = async (event: DomainEvent, told: Heard): Promise<void> => {
    const { tenantId } = event;
    const content = await readContent(tenantId, told.inbound_id);
    const read = refundsToldBy(content);
    if (!read) throw new Failure('orders.refund_unreadable', 'It tells of no refund as Stripe does.');
    const { payment: of, refunds, total } = read;
    if (of === null) return;
    const named = { reference: of, order: orderNamed(content) };
    const orderId = await database.read('orders', ({ sql }) => findPaidOrder(sql, tenantId, named));
    if (orderId === null) return;
    const actor: Actor = { kind: 'source', userId: null, traceId: event.traceId };
    await change(tenantId, orderId, actor, async (open) => {
      const before = refundedOf(open.order);
      const by = { by: told.provider, of };
      for (const { money, ...refund } of refunds)
        await takeOutsideRefund(open, by, { ...refund, ...money, lines: [] });
      if (total) takeOutsideTotal(open, by, total, momentOf(told.occurred_at));
      giveBackRest(open);
      await holdUnpaid(open, before);
    });
  };

  const takeRefundOfShop = async (event: DomainEvent, told: Heard): Promise<void> => {
    const { tenantId } = event;
    const { orderId, refund } = readShopifyRefund(await readContent(tenantId, told.inbound_id));
    const found = await database.read('orders', ({ sql }) =>
      new OrderRepository(sql, tenantId).findExternal(told.provider, orderId),
    );
    // It is told again with its order.
    if (!found) return;
    const actor: Actor = { kind: 'source', userId: null, traceId: event.traceId };
    await change(tenantId, found.id, actor, async (open) => {
      const before = refundedOf(open.order);
      await takeShopRefund(open, toShopRefund(refund, open.order.currency));
      await holdUnpaid(open, before);
    });
  };

  const take = async (event: DomainEvent): Promise<void> => {
    const told = heard.parse(event.data);
    switch (event.type) {
      case 'webhook.order_created':
      case 'webhook.order_updated':
        return await takeOrder(event, told, false);
      case 'webhook.tracking_updated':
        return await takeTracking(event, told);
      case 'webhook.payment_authorized':
      case 'webhook.payment_failed':
      case 'webhook.payment_canceled':
      case 'webhook.payment_succeeded':
      case 'webhook.payment_disputed':
        return await takePayment(event, told);
      case 'webhook.payment_refunded':
        return await takeRefunds(event, told);
      case 'webhook.order_refunded':
        return await takeRefundOfShop(event, told);
      // What comes late is noted, and the rules of orders and packages keep it from undoing anything.
      case 'webhook.stale':
        if (told.entity?.kind === 'order') return await takeOrder(event, told, true);
        if (told.entity?.kind === 'tracker') return await takeTracking(event, told);
    }
  };

  return {
    async handle(events) {
      for (const event of events) await take(event);
    },
  };
}

function momentOf(text: string | null | undefined): Date | null {
  return text ? new Date(text) : null;
}

/** The order that the metadata of a Stripe object name. */
function orderNamed(content: unknown): string | null {
  const read = z
    .looseObject({
      data: z.looseObject({
        object: z.looseObject({ metadata: z.looseObject({ order_id: z.union([z.string(), z.number()]) }) }),
      }),
    })
    .safeParse(content);
  return read.success ? String(read.data.data.object.metadata.order_id) : null;
}
