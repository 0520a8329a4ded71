import { z } from 'zod';
import { trackingOf } from '../../db/orders/fulfillments.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { normaliseOrderNumber } from '../../domain/orders/order-number.ts';
import { orderStatuses } from '../../domain/orders/order-status.ts';
import { paymentStatuses } from '../../domain/orders/payment-status.ts';
import { etagOf } from '../etag.ts';
import { idPosition, momentFilter, pageOf, pageQuery, Pages, requireOrder } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import {
  presentEntry,
  presentLookup,
  presentOrder,
  presentStatus,
  presentTracking,
} from './order.presenter.ts';
import {
  idParams,
  lookupShape,
  orderShape,
  orderStatusShape,
  timelineShape,
  trackingShape,
} from './order.schemas.ts';

const tag = 'Orders';
const reading = { tag, access: 'orders:read', rate: 'read' } as const;
const failures = ['orders.order_not_found'] as const;

/** Orders as they are: lists, one of them, its history, its packages, and the look-up by a customer. */
export function createOrderReadRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const get = (tenantId: string, id: string) =>
    database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
  return [
    route({
      ...reading,
      method: 'get',
      path: '/v1/orders',
      summary: 'The orders of the organisation, newest first',
      query: z.strictObject({
        ...pageQuery,
        status: z.enum(orderStatuses).optional(),
        payment_status: z.enum(paymentStatuses).optional(),
        source: z.string().max(100).optional(),
        external_id: z.string().max(200).optional(),
        number: z.string().max(50).optional(),
        sku: z.string().max(100).optional(),
        from: momentFilter,
        to: momentFilter,
      }),
      responses: { 200: { description: 'A page of orders.', body: pageOf(orderShape) } },
      handler: async ({ principal: { tenantId }, query }) => {
        requireOrder(query.from, query.to);
        const filter = {
          status: query.status,
          paymentStatus: query.payment_status,
          source: query.source,
          externalId: query.external_id,
          number: query.number === undefined ? undefined : normaliseOrderNumber(query.number),
          sku: query.sku,
          from: query.from,
          to: query.to,
        };
        const body = await pages.read({
          list: 'orders',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('orders', ({ sql }) =>
              new OrderRepository(sql, tenantId).list(filter, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentOrder,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/orders/:id',
      summary: 'An order',
      params: idParams,
      responses: {
        200: { description: 'The order.', body: orderShape, headers: { ETag: 'Of what was ordered.' } },
      },
      failures,
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const order = await get(tenantId, id);
        return { status: 200, headers: { ETag: etagOf(order.version) }, body: presentOrder(order) };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/orders/:id/status',
      summary: 'Where an order stands',
      params: idParams,
      responses: { 200: { description: 'Its statuses.', body: orderStatusShape } },
      failures,
      handler: async ({ params: { id }, principal: { tenantId } }) => ({
        status: 200,
        body: presentStatus(await get(tenantId, id)),
      }),
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/orders/:id/timeline',
      summary: 'What has happened to an order, and who did it',
      params: idParams,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page, oldest first.', body: pageOf(timelineShape) } },
      failures,
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await get(tenantId, id);
        const body = await pages.read({
          list: `orders/${id}/timeline`,
          tenantId,
          query,
          position: z.object({ version: z.int() }),
          read: (limit, after) =>
            database.read('orders', ({ sql }) =>
              new OrderRepository(sql, tenantId).timeline(id, after?.version ?? 0, limit),
            ),
          positionOf: ({ revision }) => ({ version: revision }),
          present: presentEntry,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/orders/:id/tracking',
      summary: 'The packages of an order, and everything their carriers have said',
      params: idParams,
      responses: { 200: { description: 'The packages.', body: trackingShape } },
      failures,
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const order = await get(tenantId, id);
        const events = await database.read('orders', ({ sql }) => trackingOf(sql, tenantId, id));
        return { status: 200, body: presentTracking(order, events) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/order-lookups',
      summary: 'Look an order up by its number and e-mail address',
      description:
        'For customers, who have no account. Both must fit; whichever is wrong, the answer is the same. The number may be ' +
        'written in any case, with or without dashes.',
      tag,
      access: 'public',
      rate: 'login',
      body: z
        .strictObject({
          organisation_id: z.uuid(),
          number: z.string().max(50),
          email: z.string().max(320),
        })
        .meta({
          id: 'OrderLookupRequest',
          example: {
            organisation_id: '0198c0ff-ee00-7000-8000-00000000beef',
            number: '7K3-M9Q-X2T',
            email: 'ada@example.com',
          },
        }),
      responses: { 200: { description: 'What a customer may see.', body: lookupShape } },
      failures,
      handler: async ({ body: { organisation_id: tenantId, number, email } }) => {
        const order = await database.read('orders', ({ sql }) =>
          new OrderRepository(sql, tenantId).lookUp(normaliseOrderNumber(number), email),
        );
        if (!order) throw new Failure('orders.order_not_found', 'There is no such order.');
        return { status: 200, body: presentLookup(order) };
      },
    }),
  ];
}
