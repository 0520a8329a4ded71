import { z } from 'zod';
import { bringTracking, callOff, fulfillUnits, markLost, track } from '../../db/orders/fulfillments.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import type { Fulfillment } from '../../db/orders/order.ts';
import { Failure } from '../../domain/failure.ts';
import { admitCommand } from '../../domain/orders/order-commands.ts';
import { trackingStatuses } from '../../domain/orders/tracking.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { actorOf } from './actor.ts';
import { presentOrder } from './order.presenter.ts';
import { idParams, orderShape, reasonInput, trackingInput, unitsInput } from './order.schemas.ts';

const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const command = { tag: 'Fulfilments', access: 'orders:write', rate: 'write', idempotency } as const;
const params = z.object({ id: z.uuid(), fulfillment_id: z.uuid() });
const changed = { 200: { description: 'The order as it now is.', body: orderShape } };
const failures = [
  'orders.order_not_found',
  'orders.fulfillment_not_found',
  'orders.fulfillment_state',
] as const;

/** Packages of an order, as a warehouse deals with them. */
export function createFulfillmentRoutes(_services: Services): Route[] {
  return [
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/fulfillments',
      summary: 'Ship units of an order',
      description:
        'Makes a package for each location that holds them. Its process buys a label where the location has a sender, takes the ' +
        'money and lets it leave; with `tracking` the package has a carrier of your own already.',
      params: idParams,
      body: z
        .strictObject({
          lines: unitsInput,
          tracking: trackingInput.optional(),
        })
        .meta({
          id: 'NewFulfillment',
          example: { lines: [{ line_id: '0198c0ff-ee00-7000-8000-00000000beef', quantity: 2 }] },
        }),
      responses: changed,
      failures: [
        'orders.order_not_found',
        'orders.order_state',
        'orders.line_not_found',
        'orders.quantity_exceeded',
      ],
      handler: async (request, transaction) => {
        const { lines, tracking } = request.body;
        const { tenantId } = request.principal;
        const order = await changeOrder(
          transaction,
          tenantId,
          request.params.id,
          actorOf(request),
          async (open) => {
            const left = open.order.lines.some((line) => line.allocated + line.cancelled < line.quantity);
            if (left) admitCommand('ship', open.order.status);
            const wanted = lines.map(({ line_id: lineId, quantity }) => ({ lineId, quantity }));
            for (const one of await fulfillUnits(open, wanted)) {
              if (!tracking) continue;
              bringTracking(open, one, tracking);
            }
          },
        );
        return { status: 200, body: presentOrder(order) };
      },
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/fulfillments/:fulfillment_id/cancel',
      summary: 'Call a package off before it leaves',
      description:
        'Its units can be shipped otherwise, and stay held for the order. From now on nothing of the order leaves by itself.',
      params,
      body: z
        .strictObject({ reason: reasonInput.optional() })
        .default({})
        .meta({ example: { reason: 'It was damaged.' } }),
      responses: changed,
      failures,
      handler: (request, transaction) =>
        change(request, request.params, transaction, (open, one) => {
          callOff(open, one, 'cancelled', 'asked_for', { note: request.body.reason ?? null });
          open.order.fulfillmentMode = 'manual';
        }),
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/fulfillments/:fulfillment_id/lost',
      summary: 'Give a package up for lost',
      description: 'What was paid for it is given back.',
      params,
      responses: changed,
      failures,
      handler: (request, transaction) => change(request, request.params, transaction, markLost),
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/fulfillments/:fulfillment_id/tracking',
      summary: 'Report where a package is',
      description:
        'For carriers that tell us nothing by themselves. Every report is kept; the status of the package never goes back.',
      params,
      body: z
        .strictObject({
          status: z.enum(trackingStatuses),
          occurred_at: z.iso
            .datetime({ offset: true })
            .refine(isInCalendar, 'It lies in no year from 1 to 9999.'),
          message: z.string().trim().max(500).optional(),
          place: z.string().trim().max(200).optional(),
        })
        .meta({
          id: 'TrackingReport',
          example: { status: 'delivered', occurred_at: '2026-11-28T10:00:00Z' },
        }),
      responses: changed,
      failures,
      handler: (request, transaction) =>
        change(request, request.params, transaction, async (open, one) => {
          const { status, occurred_at, message, place } = request.body;
          if (one.shippedAt === null)
            throw new Failure('orders.fulfillment_state', 'It has not left yet.', {
              fulfillment_status: one.status,
            });
          await track(open, one, {
            status,
            occurredAt: new Date(occurred_at).toISOString(),
            message: message ?? null,
            place: place ?? null,
          });
        }),
    }),
  ];
}

/** As PostgreSQL has it, whatever the offset makes of it. */
function isInCalendar(moment: string): boolean {
  const year = new Date(moment).getUTCFullYear();
  return year >= 1 && year <= 9_999;
}

export async function change(
  request: Request,
  { id, fulfillment_id }: { id: string; fulfillment_id: string },
  transaction: Parameters<typeof changeOrder>[0],
  work: (open: OpenOrder, one: Fulfillment) => Promise<void> | void,
) {
  const { tenantId } = request.principal;
  const order = await changeOrder(transaction, tenantId, id, actorOf(request), async (open) => {
    const one = open.fulfillment(fulfillment_id);
    if (!one) throw new Failure('orders.fulfillment_not_found', 'The order has no such fulfilment.');
    await work(open, one);
  });
  return { status: 200, body: presentOrder(order) };
}
