import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import { changeOrder, type OpenOrder } from '../../db/orders/open-order.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import {
  approveReturn,
  declineReturn,
  receiveReturn,
  requestReturn,
  ReturnRepository,
  type Return,
} from '../../db/orders/returns.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Reply, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { actorOf } from './actor.ts';
import { requireExchangeable } from './exchange-check.ts';
import { idParams, reasonInput, skuInput, unitsInput } from './order.schemas.ts';
import { presentReturn, returnShape } from './return.schemas.ts';

const tag = 'Returns';
const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const command = { tag, access: 'orders:write', rate: 'write', idempotency } as const;
const reading = { tag, access: 'orders:read', rate: 'read' } as const;
const changed = { 200: { description: 'The return as it now is.', body: returnShape } };

/** Returns and exchanges: wished for, decided upon, and taken in. What follows is the business of their process. */
export function createReturnRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const list = (
    name: string,
    tenantId: string,
    orderId: string | null,
    query: { limit: number; cursor?: string | undefined },
  ) =>
    pages.read({
      list: name,
      tenantId,
      query,
      position: idPosition,
      read: (limit, after) =>
        database.read('orders', ({ sql }) =>
          new ReturnRepository(sql, tenantId).list(orderId, limit, after?.id ?? null),
        ),
      positionOf: ({ id }) => ({ id }),
      present: presentReturn,
    });
  return [
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/returns',
      summary: 'Ask for delivered units to be taken back',
      description:
        'With `exchange_for` other things are sent once they are back, and the difference is charged or paid back.',
      params: idParams,
      body: z
        .strictObject({
          lines: unitsInput,
          reason: reasonInput.optional(),
          exchange_for: z
            .array(z.strictObject({ sku: skuInput, quantity: z.int().min(1).max(10_000) }))
            .min(1)
            .max(200)
            .optional(),
        })
        .meta({
          id: 'NewReturn',
          example: {
            lines: [{ line_id: '0198c0ff-ee00-7000-8000-00000000beef', quantity: 1 }],
            reason: 'Too small',
          },
        }),
      responses: {
        201: { description: 'The return.', body: returnShape, headers: { Location: 'Where it is found.' } },
      },
      failures: [
        'orders.order_not_found',
        'orders.order_state',
        'orders.line_not_found',
        'orders.quantity_exceeded',
        'orders.item_not_sold',
        'orders.currency_mixed',
        'orders.price_missing',
      ],
      handler: async (request, transaction) => {
        const { lines, reason, exchange_for: replacement } = request.body;
        const { tenantId } = request.principal;
        let id = '';
        await changeOrder(transaction, tenantId, request.params.id, actorOf(request), async (open) => {
          if (replacement) await requireExchangeable(transaction, open.order, replacement);
          id = await requestReturn(open, {
            lines: lines.map(({ line_id: lineId, quantity }) => ({ lineId, quantity })),
            reason: reason ?? null,
            replacement: replacement ?? null,
          });
        });
        const one = await new ReturnRepository(transaction.sql, tenantId).get(id);
        return { status: 201, headers: { Location: `/v1/returns/${id}` }, body: presentReturn(one) };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/orders/:id/returns',
      summary: 'The returns of an order, newest first',
      params: idParams,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of returns.', body: pageOf(returnShape) } },
      failures: ['orders.order_not_found'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
        return { status: 200, body: await list(`orders/${id}/returns`, tenantId, id, query) };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/returns',
      summary: 'The returns of the organisation, newest first',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of returns.', body: pageOf(returnShape) } },
      handler: async ({ principal: { tenantId }, query }) => ({
        status: 200,
        body: await list('returns', tenantId, null, query),
      }),
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/returns/:id',
      summary: 'A return',
      params: idParams,
      responses: { 200: { description: 'The return.', body: returnShape } },
      failures: ['orders.return_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => ({
        status: 200,
        body: presentReturn(
          await database.read('orders', ({ sql }) => new ReturnRepository(sql, tenantId).get(id)),
        ),
      }),
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/returns/:id/approve',
      summary: 'Approve a return',
      params: idParams,
      responses: changed,
      failures: ['orders.return_not_found', 'orders.return_state'],
      handler: (request, transaction) => change(request, request.params.id, transaction, approveReturn),
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/returns/:id/decline',
      summary: 'Decline a return',
      params: idParams,
      body: z
        .strictObject({ reason: reasonInput.optional() })
        .default({})
        .meta({ example: { reason: 'It was worn.' } }),
      responses: changed,
      failures: ['orders.return_not_found', 'orders.return_state'],
      handler: (request, transaction) =>
        change(request, request.params.id, transaction, (open, one) =>
          declineReturn(open, one, request.body.reason ?? 'declined'),
        ),
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/returns/:id/receive',
      summary: 'Take in what has come back',
      description:
        'When all of it is back it is paid back, or the exchange is sent. With `restock_at` it goes into stock there.',
      params: idParams,
      body: z
        .strictObject({
          lines: unitsInput,
          restock_at: z
            .string()
            .regex(/^[a-z0-9][a-z0-9-]{0,49}$/)
            .optional()
            .meta({ example: 'berlin' }),
        })
        .meta({
          id: 'ReceivedReturn',
          example: {
            lines: [{ line_id: '0198c0ff-ee00-7000-8000-00000000beef', quantity: 1 }],
            restock_at: 'berlin',
          },
        }),
      responses: changed,
      failures: [
        'orders.return_not_found',
        'orders.return_state',
        'orders.line_not_found',
        'orders.quantity_exceeded',
      ],
      handler: (request, transaction) =>
        change(request, request.params.id, transaction, (open, one) =>
          receiveReturn(
            open,
            one,
            request.body.lines.map(({ line_id: lineId, quantity }) => ({ lineId, quantity })),
            request.body.restock_at ?? null,
          ),
        ),
    }),
  ];
}

/** Changes a return under the lock of its order. */
async function change(
  request: Request,
  id: string,
  transaction: Transaction,
  work: (open: OpenOrder, one: Return) => Promise<void>,
): Promise<Reply> {
  const { tenantId } = request.principal;
  const returns = new ReturnRepository(transaction.sql, tenantId);
  const { orderId } = await returns.get(id);
  await changeOrder(transaction, tenantId, orderId, actorOf(request), async (open) => {
    // Read again, now that nobody else changes it.
    await work(open, await returns.get(id));
  });
  return { status: 200, body: presentReturn(await returns.get(id)) };
}
