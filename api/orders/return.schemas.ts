import { z } from 'zod';
import type { Return } from '../../db/orders/returns.ts';
import type { Payment } from '../../db/orders/order.ts';
import { returnStatuses } from '../../domain/orders/return-status.ts';

const count = z.int().min(0);
const moment = z.iso.datetime();

export const returnShape = z
  .object({
    id: z.uuid(),
    order_id: z.uuid(),
    kind: z.enum(['return', 'exchange']),
    status: z.enum(returnStatuses),
    reason: z.string().nullable(),
    lines: z.array(z.object({ line_id: z.uuid(), quantity: count, received: count })),
    replacement: z.array(z.object({ sku: z.string(), quantity: count })).nullable(),
    exchange_order_id: z.uuid().nullable().meta({ description: 'The order that is sent instead.' }),
    restocked_at: z.string().nullable(),
    created_at: moment,
    updated_at: moment,
    closed_at: moment.nullable(),
  })
  .meta({ id: 'Return' });

export function presentReturn(one: Return): object {
  return {
    id: one.id,
    order_id: one.orderId,
    kind: one.kind,
    status: one.status,
    reason: one.reason,
    lines: one.lines.map(({ lineId, quantity, received }) => ({ line_id: lineId, quantity, received })),
    replacement: one.replacement,
    exchange_order_id: one.exchangeOrderId,
    restocked_at: one.restockAt,
    created_at: one.createdAt.toISOString(),
    updated_at: one.updatedAt.toISOString(),
    closed_at: one.closedAt?.toISOString() ?? null,
  };
}

export const refundShape = z
  .object({
    id: z.uuid(),
    amount: z.string().meta({ example: '1999' }),
    currency: z.string(),
    state: z.enum(['reserved', 'unknown', 'settled', 'failed']).meta({
      description:
        '`unknown`: the processor was asked and has not answered; it is being looked up. Of one that was made elsewhere: it is under way.',
    }),
    cause: z.enum(['correction', 'return', 'goodwill', 'elsewhere']).meta({
      description: '`elsewhere`: somebody has made it at the processor or the shop.',
    }),
    reference: z.string().nullable().meta({
      example: 're_3MmlLrLkdIwHu7ix0snN0B15',
      description: 'What it is called at the processor or the shop.',
    }),
    code: z.string().nullable().meta({ description: 'Why it failed.' }),
    lines: z.array(z.object({ line_id: z.uuid(), quantity: count })),
    reason: z.string().nullable(),
    created_at: moment,
    settled_at: moment.nullable(),
  })
  .meta({ id: 'Refund' });

export function presentRefund(payment: Payment, currency: string): object {
  return {
    id: payment.id,
    amount: String(payment.amount),
    currency,
    state: payment.state,
    cause: payment.cause,
    reference: payment.reference,
    code: payment.code,
    lines: payment.lines ?? [],
    reason: payment.reason,
    created_at: payment.createdAt.toISOString(),
    settled_at: payment.settledAt?.toISOString() ?? null,
  };
}
