import { Failure } from '../../domain/failure.ts';
import type { Transaction } from '../database.ts';
import { createOrder, type NewLine } from './create-order.ts';
import type { Actor } from './open-order.ts';
import type { Order, PaymentTerms } from './order.ts';
import { StockRepository } from './stock.repository.ts';

/** A line that is not as it was. */
export interface ReorderNote {
  sku: string;
  /** `short`: so many are not there now; the customer will be asked. */
  change: 'price_changed' | 'not_sold' | 'short';
  before?: string;
  now?: string;
  available?: number;
}

/**
 * Orders the same again, at today's prices. What is not sold any more is left out; what has changed is told.
 *
 * @throws Failure `orders.nothing_left` when nothing of it is sold any more
 */
export async function reorder(
  transaction: Transaction,
  source: Order,
  payment: PaymentTerms | null,
  actor: Actor,
): Promise<{ order: Order; notes: ReorderNote[] }> {
  const stock = new StockRepository(transaction.sql, source.tenantId);
  const items = new Map(
    (await stock.find(source.lines.map(({ sku }) => sku))).map((item) => [item.sku, item]),
  );
  const notes: ReorderNote[] = [];
  const lines: NewLine[] = [];
  for (const line of source.lines) {
    const { sku, title, quantity, unitPrice, design, weightGrams } = line;
    const item = items.get(sku);
    if (item && (!item.active || item.currency !== source.currency)) {
      notes.push({ sku, change: 'not_sold' });
      continue;
    }
    const price = item?.price ?? unitPrice;
    if (price !== unitPrice)
      notes.push({ sku, change: 'price_changed', before: String(unitPrice), now: String(price) });
    const available = item?.locations.reduce((sum, one) => sum + one.available, 0) ?? quantity;
    if (available < quantity) notes.push({ sku, change: 'short', available });
    lines.push({
      sku,
      title: item?.title ?? title,
      externalId: null,
      quantity,
      unitPrice: price,
      discount: 0n,
      tax: 0n,
      design,
      weightGrams,
    });
  }
  if (lines.length === 0) throw new Failure('orders.nothing_left', 'Nothing of it is sold any more.');
  const { order } = await createOrder(
    transaction,
    {
      tenantId: source.tenantId,
      source: 'reorder',
      externalId: null,
      sourceOrderId: source.id,
      currency: source.currency,
      shipping: source.shipping,
      credit: 0n,
      customer: source.customer,
      shippingAddress: source.shippingAddress,
      payment: payment ?? source.payment,
      externalPaid: 0n,
      fulfillmentMode: source.fulfillmentMode,
      actionSeconds: source.actionSeconds,
      externalUpdatedAt: null,
      lines,
    },
    actor,
    [{ type: 'order.reordered', data: { source_order_id: source.id, notes } }],
  );
  return { order, notes };
}
