import { z } from 'zod';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { amendOrder } from '../../db/orders/amend-order.ts';
import { cancelOrder, holdOrder, releaseOrder } from '../../db/orders/order-commands.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { actorOf } from './actor.ts';
import { requireDesigns } from './design-check.ts';
import { presentOrder, orderAddress } from './order.presenter.ts';
import {
  addressInput,
  idParams,
  lineInput,
  namesEachOnce,
  newOrder,
  orderShape,
  reasonInput,
} from './order.schemas.ts';
import { linesOf, placeOrder } from './place-order.ts';
import { requireProcessor } from './require-processor.ts';

const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const command = { tag: 'Orders', access: 'orders:write', rate: 'write', idempotency } as const;
const etag = { ETag: 'Of what was ordered.' };
const reason = z
  .strictObject({ reason: reasonInput.optional() })
  .default({})
  .meta({ example: { reason: 'The customer asked for it.' } });

const commands = [
  {
    name: 'hold',
    summary: 'Put an order on hold',
    description: 'Nothing more leaves, and no money is taken, until it is released. Its stock stays held.',
    run: (open: OpenOrder, why: string | undefined) => holdOrder(open, why ?? null),
  },
  {
    name: 'release',
    summary: 'Let an order that is on hold go on',
    description: 'It goes on where it was.',
    run: (open: OpenOrder) => releaseOrder(open),
  },
  {
    name: 'cancel',
    summary: 'Cancel an order of which nothing has left',
    description:
      'It is in force at once: its stock is free, and nothing leaves any more. What was taken or held of the customer’s ' +
      'money is given back after that. Once something has left the answer is a 409 with `"offer": "return"`.',
    run: (open: OpenOrder, why: string | undefined) => cancelOrder(open, 'asked_for', why ?? null),
  },
] as const;

/**
 * What people do to orders. Each is one transaction in the database, which is the record: it is in force when the answer is
 * there, whether or not a workflow is running to hear of it.
 */
export function createOrderCommandRoutes({ config }: Services): Route[] {
  return [
    route({
      ...command,
      method: 'post',
      path: '/v1/orders',
      summary: 'Place an order',
      description:
        'It is accepted and fulfilled by a process of its own: stock, payment, packages, delivery. An `external_id` that is ' +
        'known already gives the order that has it, with 200.',
      body: newOrder,
      responses: {
        200: { description: 'The order with this `external_id`, which was there.', body: orderShape },
        201: {
          description: 'The order.',
          body: orderShape,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: [
        'orders.price_missing',
        'orders.currency_mixed',
        'orders.amount_invalid',
        'orders.processor_missing',
        'orders.item_not_sold',
        'orders.design_unknown',
      ],
      handler: async (request, transaction) => {
        const { tenantId } = request.principal;
        const { external_id: externalId, payment } = request.body;
        const known = externalId
          ? await new OrderRepository(transaction.sql, tenantId).findExternal('api', externalId)
          : null;
        if (!known) {
          if (payment.mode === 'processor') requireProcessor(config, '/body/payment/mode');
          await requireDesigns(transaction, tenantId, request.body.lines);
        }
        const { order, created } = await placeOrder(transaction, tenantId, request.body, actorOf(request));
        if (!created) return { status: 200, body: presentOrder(order) };
        const headers = { Location: orderAddress(order.id), ETag: etagOf(order.version) };
        return { status: 201, headers, body: presentOrder(order) };
      },
    }),
    ...commands.map(({ name, summary, description, run }) =>
      route({
        ...command,
        method: 'post',
        path: `/v1/orders/:id/${name}`,
        summary,
        description,
        params: idParams,
        body: reason,
        responses: { 200: { description: 'The order as it now is.', body: orderShape } },
        failures: ['orders.order_not_found', 'orders.order_state'],
        handler: async (request, transaction) => {
          const { tenantId } = request.principal;
          const order = await changeOrder(
            transaction,
            tenantId,
            request.params.id,
            actorOf(request),
            (open) => run(open, request.body.reason),
          );
          return { status: 200, body: presentOrder(order) };
        },
      }),
    ),
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/amend',
      summary: 'Change what was ordered',
      description:
        'Lowers lines or takes them out, raises them again, adds others, and changes the address of what has yet to leave. For an ' +
        'order that waits for its customer this is the answer: with nothing missing any more it goes on. More, or other things, ' +
        'as far as what is held or was paid covers them; what costs more is another order.',
      params: idParams,
      body: z
        .strictObject({
          lines: z
            .array(z.strictObject({ line_id: z.uuid(), quantity: z.int().min(0).max(10_000) }))
            .max(200)
            .refine(namesEachOnce, 'A line is named twice.')
            .default([]),
          remove_missing: z.boolean().default(false),
          add_lines: z
            .array(lineInput)
            .max(50)
            .default([])
            .meta({ description: 'What is ordered besides, or instead.' }),
          shipping_address: addressInput.optional(),
        })
        .refine(
          ({ lines, remove_missing, add_lines, shipping_address }) =>
            lines.length + add_lines.length > 0 || remove_missing || shipping_address !== undefined,
          'It changes nothing.',
        )
        .meta({ id: 'OrderAmendment', example: { remove_missing: true } }),
      ifMatch: true,
      responses: { 200: { description: 'The order as it now is.', body: orderShape, headers: etag } },
      failures: [
        'orders.order_not_found',
        'orders.order_state',
        'orders.line_not_found',
        'orders.line_not_raised',
        'orders.not_covered',
        'orders.lines_exceeded',
        'orders.quantity_exceeded',
        'orders.nothing_left',
        'orders.stock_short',
        'orders.price_missing',
        'orders.currency_mixed',
        'orders.amount_invalid',
        'orders.item_not_sold',
        'orders.design_unknown',
        'request.precondition_failed',
      ],
      handler: async (request, transaction) => {
        const { lines, remove_missing: removeMissing, shipping_address: shippingAddress } = request.body;
        const { add_lines: more } = request.body;
        const { tenantId } = request.principal;
        await requireDesigns(transaction, tenantId, more, '/body/add_lines');
        const order = await changeOrder(
          transaction,
          tenantId,
          request.params.id,
          actorOf(request),
          async (open) => {
            requireMatch(request.ctx, open.order.version);
            const asked = { lines: more, currency: open.order.currency };
            await amendOrder(open, {
              addLines: await linesOf(transaction, tenantId, asked, '/body/add_lines'),
              lines: lines.map(({ line_id: lineId, quantity }) => ({ lineId, quantity })),
              removeMissing,
              ...(shippingAddress ? { shippingAddress } : {}),
            });
          },
        );
        return { status: 200, headers: { ETag: etagOf(order.version) }, body: presentOrder(order) };
      },
    }),
  ];
}
