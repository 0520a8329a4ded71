import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { amountDue } from '../../domain/orders/lines.ts';
import { numberBytes, orderNumber } from '../../domain/orders/order-number.ts';
import type { Transaction } from '../database.ts';
import { OpenOrder } from './open-order.ts';
import type { Actor } from './actor.ts';
import { insertLines, tellable, type NewLine } from './new-lines.ts';
import type { Address, Customer, Order, PaymentTerms } from './order.ts';
import { emailHash, OrderRepository } from './order.repository.ts';

export interface NewOrder {
  tenantId: string;
  source: string;
  externalId: string | null;
  sourceOrderId: string | null;
  currency: string;
  shipping: bigint;
  credit: bigint;
  customer: Customer;
  shippingAddress: Address | null;
  payment: PaymentTerms;
  /** What was paid elsewhere already. */
  externalPaid: bigint;
  fulfillmentMode: 'automatic' | 'manual';
  actionSeconds: number;
  externalUpdatedAt: Date | null;
  lines: readonly NewLine[];
}

/**
 * Stores a new order and asks for its process. An order of a shop is one order however often the shop tells of it.
 *
 * @returns the order, and whether it is new
 */
export async function createOrder(
  transaction: Transaction,
  given: NewOrder,
  actor: Actor,
  events: readonly { type: string; data: Record<string, unknown> }[] = [],
): Promise<{ order: Order; created: boolean }> {
  const repository = new OrderRepository(transaction.sql, given.tenantId);
  const id = await insertOrder(transaction, given, actor);
  if (id === null) {
    const known = await repository.findExternal(given.source, given.externalId ?? '');
    if (!known) throw new Error('An order is neither new nor known.');
    return { order: await repository.get(known.id), created: false };
  }
  await insertLines(transaction.sql, { id, tenantId: given.tenantId }, given.lines, 0);
  const open = new OpenOrder(transaction, await repository.lock(id), actor);
  open.tell('order.created', createdFacts(open.order));
  for (const { type, data } of events) open.tell(type, data);
  return { order: await open.save(), created: true };
}

/** The id of the new order; null when the shop's order is there already. */
async function insertOrder({ sql }: Transaction, given: NewOrder, actor: Actor): Promise<string | null> {
  // Another order may have drawn the same number: then it is drawn again. The shop's own id, though, is no chance.
  for (;;) {
    const id = uuidv7();
    const rows = await sql(
      `insert into orders.orders (id, tenant_id, number, source, external_id, source_order_id, currency, shipping_minor,
         credit_minor, external_paid_minor, customer, email_hash, shipping_address, payment, fulfillment_mode,
         action_seconds, external_updated_at, trace_id, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
       on conflict do nothing returning id`,
      [
        id,
        given.tenantId,
        orderNumber(randomBytes(numberBytes)),
        given.source,
        given.externalId,
        given.sourceOrderId,
        given.currency,
        given.shipping,
        given.credit,
        given.externalPaid,
        JSON.stringify(given.customer),
        emailHash(given.customer.email),
        given.shippingAddress && JSON.stringify(given.shippingAddress),
        JSON.stringify(given.payment),
        given.fulfillmentMode,
        given.actionSeconds,
        given.externalUpdatedAt,
        actor.traceId,
        actor.userId,
      ],
    );
    if (rows.length > 0) return id;
    if (given.externalId === null) continue;
    const known = await sql(
      'select 1 from orders.orders where tenant_id = $1 and source = $2 and external_id = $3',
      [given.tenantId, given.source, given.externalId],
    );
    if (known.length > 0) return null;
  }
}

function createdFacts(order: Order): Record<string, unknown> {
  const total = amountDue(order.lines, order.shipping) - order.credit;
  return {
    total: String(total > 0n ? total : 0n),
    currency: order.currency,
    external_ids: namesOf(order),
    lines: order.lines.map(tellable),
    ...(order.sourceOrderId ? { source_order_id: order.sourceOrderId } : {}),
  };
}

/** Under which names payments and shops may speak of it: whoever has heard of them too early goes on. */
function namesOf({ source, number, externalId }: Order): string[] {
  const ours = [`order:${number}`];
  return externalId === null ? ours : [...ours, `order:${externalId}`, `${source}:order:${externalId}`];
}
