import { z } from 'zod';
import { bringTracking, moveFulfillment } from '../../db/orders/fulfillments.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { lookAgain } from '../../db/orders/parcels.ts';
import { Failure } from '../../domain/failure.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { change } from './fulfillment.routes.ts';
import { orderShape, trackingInput } from './order.schemas.ts';

const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const tag = 'Fulfilments';
const path = '/v1/orders/:id/fulfillments/:fulfillment_id/label';
const params = z.object({ id: z.uuid(), fulfillment_id: z.uuid() });
const failures = ['orders.order_not_found', 'orders.fulfillment_not_found'] as const;

/** The labels of packages. */
export function createLabelRoutes({ database }: Services): Route[] {
  return [
    route({
      method: 'get',
      path,
      summary: 'Download the label of a package',
      description:
        'Leads to the file at the carrier. There is none of a package that left by hand, or was called off.',
      tag,
      access: 'orders:read',
      rate: 'read',
      params,
      responses: {
        302: {
          description: 'Where the file is: a PDF or an image.',
          headers: { Location: 'At the carrier.' },
        },
      },
      failures: [...failures, 'orders.label_not_found'],
      handler: async ({ params: { id, fulfillment_id: fulfillmentId }, principal: { tenantId } }) => {
        const order = await database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
        const one = order.fulfillments.find((known) => known.id === fulfillmentId);
        if (!one) throw new Failure('orders.fulfillment_not_found', 'The order has no such fulfilment.');
        if (one.labelState !== 'bought' || one.labelUrl === null)
          throw new Failure('orders.label_not_found', 'The package has no label to download.');
        return { status: 302, headers: { Location: one.labelUrl, 'Cache-Control': 'no-store' } };
      },
    }),
    route({
      method: 'post',
      path,
      summary: 'Let a package go on that waits for its label',
      description:
        'A package whose carrier has to know more of it waits (`label_state`). It goes on by itself once that is known. `carrier` ' +
        'has it looked at again at once; `hand` lets it leave without a label of ours.',
      tag,
      access: 'orders:write',
      rate: 'write',
      params,
      body: z
        .discriminatedUnion('by', [
          z.strictObject({ by: z.literal('carrier') }),
          z.strictObject({ by: z.literal('hand'), tracking: trackingInput.optional() }),
        ])
        .meta({ id: 'LabelDecision', example: { by: 'hand' } }),
      idempotency,
      responses: { 200: { description: 'The order as it now is.', body: orderShape } },
      failures: [...failures, 'orders.fulfillment_state'],
      handler: (request, transaction) =>
        change(request, request.params, transaction, (open, one) => {
          if (one.status !== 'allocated' || one.labelState !== 'waiting')
            throw new Failure('orders.fulfillment_state', 'It does not wait for a label.', {
              fulfillment_status: one.status,
            });
          const { body } = request;
          lookAgain(open, one);
          if (body.by === 'carrier') return;
          if (body.tracking) bringTracking(open, one, body.tracking);
          moveFulfillment(open, one, 'packed');
        }),
    }),
  ];
}
