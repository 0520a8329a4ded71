import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { designStandings } from '../../db/designs/ordered.ts';
import { changeOrder } from '../../db/orders/open-order.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import type { Payment } from '../../db/orders/order.ts';
import { reserveRefund, takeRefundable } from '../../db/orders/refunds.ts';
import { reorder, reorderChanges } from '../../db/orders/reorder.ts';
import { Failure } from '../../domain/failure.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { actorOf } from './actor.ts';
import { presentOrder, orderAddress } from './order.presenter.ts';
import { amountInput, idParams, orderShape, reasonInput, unitsInput } from './order.schemas.ts';
import { requireProcessor } from './require-processor.ts';
import { presentRefund, refundShape } from './return.schemas.ts';

const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const command = { tag: 'Orders', access: 'orders:write', rate: 'write', idempotency } as const;

/** Refunds that people ask for, and orders placed again. */
export function createRefundRoutes({ config, database }: Services): Route[] {
  return [
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/refunds',
      summary: 'Give money back, all of it or a part',
      description:
        'Of lines, what they cost; or any amount that was paid and is not given back yet. It is written down at once, and made ' +
        'by the processor a moment later: `order.refunded` tells when.',
      params: idParams,
      body: z
        .union([
          z.strictObject({ amount: amountInput, reason: reasonInput.optional() }),
          z.strictObject({ lines: unitsInput, reason: reasonInput.optional() }),
        ])
        .meta({ id: 'NewRefund', example: { amount: '500', reason: 'A scratch' } }),
      responses: { 202: { description: 'The refund.', body: z.object({ items: z.array(refundShape) }) } },
      failures: [
        'orders.order_not_found',
        'orders.line_not_found',
        'orders.quantity_exceeded',
        'orders.refund_exceeded',
        'orders.amount_invalid',
      ],
      handler: async (request, transaction) => {
        const { body } = request;
        const { tenantId } = request.principal;
        let refunds: Payment[] = [];
        const order = await changeOrder(
          transaction,
          tenantId,
          request.params.id,
          actorOf(request),
          (open) => {
            const lines = 'lines' in body ? body.lines : [];
            const amount = 'amount' in body ? body.amount : takeRefundable(open, lines);
            if (amount === 0n) throw new Failure('orders.amount_invalid', 'Nothing would be given back.');
            const key = `refund:goodwill:${randomUUID()}`;
            refunds = reserveRefund(open, {
              key,
              amount,
              cause: 'goodwill',
              lines,
              reason: body.reason ?? null,
            });
            open.tell('order.refund_requested', {
              refund_id: refunds[0]?.id,
              key,
              amount: String(amount),
              currency: open.order.currency,
            });
          },
        );
        return { status: 202, body: { items: refunds.map((one) => presentRefund(one, order.currency)) } };
      },
    }),
    route({
      tag: 'Orders',
      access: 'orders:read',
      rate: 'read',
      method: 'get',
      path: '/v1/orders/:id/refunds',
      summary: 'What was given back of an order, and why',
      params: idParams,
      responses: { 200: { description: 'The refunds.', body: z.object({ items: z.array(refundShape) }) } },
      failures: ['orders.order_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const order = await database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
        const refunds = order.payments.filter(({ kind }) => kind === 'refund');
        return { status: 200, body: { items: refunds.map((one) => presentRefund(one, order.currency)) } };
      },
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/orders/:id/reorder',
      summary: 'Order the same again, at today’s prices',
      description:
        'With the newest versions of its designs. What is not sold any more, or is of a design that is not there at all, is left out; ' +
        'changed prices and designs, and what is short, are told in `changes`. Without `method` the means of payment is that of the first order.',
      params: idParams,
      body: z
        .strictObject({ method: z.string().trim().min(1).max(200).optional() })
        .default({})
        .meta({ id: 'Reorder', example: { method: 'pm_card_visa' } }),
      responses: {
        201: {
          description: 'The new order, and how it differs.',
          headers: { Location: 'Where it is found.' },
          body: z.object({
            order: orderShape,
            changes: z.array(
              z.object({
                sku: z.string(),
                change: z.enum(reorderChanges),
                before: z.string().optional(),
                now: z.string().optional(),
                available: z.int().optional(),
              }),
            ),
          }),
        },
      },
      failures: ['orders.order_not_found', 'orders.nothing_left', 'orders.processor_missing'],
      handler: async (request, transaction) => {
        const { tenantId } = request.principal;
        const source = await new OrderRepository(transaction.sql, tenantId).get(request.params.id);
        const { method } = request.body;
        const payment = method
          ? { mode: 'processor' as const, capture: source.payment.capture, method }
          : null;
        if ((payment ?? source.payment).mode === 'processor') requireProcessor(config, '/body/method');
        const named = source.lines.flatMap(({ design }) => design ?? []);
        const designs = await designStandings(transaction.sqlOf('designs'), tenantId, named);
        const { order, notes } = await reorder(transaction, source, payment, designs, actorOf(request));
        return {
          status: 201,
          headers: { Location: orderAddress(order.id) },
          body: { order: presentOrder(order), changes: notes },
        };
      },
    }),
  ];
}
