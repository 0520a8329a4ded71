import { Failure } from '../../domain/failure.ts';
import type { Transaction } from '../database.ts';
import type { DesignStanding } from '../designs/ordered.ts';
import { createOrder } from './create-order.ts';
import type { NewLine } from './new-lines.ts';
import type { Actor } from './actor.ts';
import type { Order, PaymentTerms } from './order.ts';
import { StockRepository } from './stock.repository.ts';

/**
 * How a line may differ. `short`: so many are not there now; the customer will be asked. `design_gone`: its design is deleted,
 * and the version that was ordered then, which is kept, is ordered again. `design_unknown`: nor is that version there.
 */
export const reorderChanges = [
  'price_changed',
  'not_sold',
  'short',
  'design_changed',
  'design_gone',
  'design_unknown',
] as const;

/** A line that is not as it was. */
export interface ReorderNote {
  sku: string;
  change: (typeof reorderChanges)[number];
  before?: string;
  now?: string;
  available?: number;
}

/**
 * Orders the same again, at today's prices and with today's designs. What is not sold any more, or can't be made as nobody has
 * its design, is left out; what has changed is told.
 *
 * @param designs how those that its lines name stand
 * @throws Failure `orders.nothing_left` when nothing of it is sold any more
 */
export async function reorder(
  transaction: Transaction,
  source: Order,
  payment: PaymentTerms | null,
  designs: readonly DesignStanding[],
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
    const standing =
      design && designs.find(({ id, version }) => id === design.id && version === design.version);
    const newest = standing?.newest ?? null;
    if (design && newest === null && !standing?.orderable) {
      notes.push({ sku, change: 'design_unknown' });
      continue;
    }
    const price = item?.price ?? unitPrice;
    if (price !== unitPrice)
      notes.push({ sku, change: 'price_changed', before: String(unitPrice), now: String(price) });
    const available = item?.locations.reduce((sum, one) => sum + one.available, 0) ?? quantity;
    if (available < quantity) notes.push({ sku, change: 'short', available });
    if (design && newest === null) notes.push({ sku, change: 'design_gone' });
    if (design && newest !== null && newest !== design.version)
      notes.push({ sku, change: 'design_changed', before: String(design.version), now: String(newest) });
    lines.push({
      sku,
      title: item?.title ?? title,
      externalId: null,
      quantity,
      unitPrice: price,
      discount: 0n,
      tax: 0n,
      design: design && { id: design.id, version: newest ?? design.version },
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
