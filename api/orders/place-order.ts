import type { Transaction } from '../../db/database.ts';
import { createOrder } from '../../db/orders/create-order.ts';
import type { NewLine } from '../../db/orders/new-lines.ts';
import type { Actor } from '../../db/orders/actor.ts';
import type { Order } from '../../db/orders/order.ts';
import { StockRepository } from '../../db/orders/stock.repository.ts';
import { lineRefusal } from './line-refusal.ts';
import type { NewOrderInput } from './order.schemas.ts';

/**
 * Stores an order as it was asked for. What a line does not say – its title, its price – is the item's.
 *
 * @throws Failure `orders.price_missing`, `orders.currency_mixed`, `orders.amount_invalid`, `orders.item_not_sold`
 */
export async function placeOrder(
  transaction: Transaction,
  tenantId: string,
  input: NewOrderInput,
  actor: Actor,
): Promise<{ order: Order; created: boolean }> {
  const { payment, customer } = input;
  return await createOrder(
    transaction,
    {
      tenantId,
      source: 'api',
      externalId: input.external_id ?? null,
      sourceOrderId: null,
      currency: input.currency,
      shipping: input.shipping ?? 0n,
      credit: 0n,
      customer: { email: customer.email, name: customer.name ?? null, phone: customer.phone ?? null },
      shippingAddress: input.shipping_address ?? null,
      payment:
        payment.mode === 'processor' ? payment : { mode: 'external', capture: 'immediately', method: null },
      externalPaid: payment.mode === 'external' ? (payment.paid ?? 0n) : 0n,
      fulfillmentMode: input.fulfillment,
      actionSeconds: Math.round(input.action_deadline_hours * 3_600),
      externalUpdatedAt: null,
      lines: await linesOf(transaction, tenantId, input, '/body/lines'),
    },
    actor,
  );
}

/**
 * Lines as they were asked for. What they do not say is the item's.
 *
 * @param pointer where they stand in the body
 * @throws Failure as `placeOrder` does
 */
export async function linesOf(
  { sql }: Transaction,
  tenantId: string,
  input: Pick<NewOrderInput, 'lines' | 'currency'>,
  pointer: string,
): Promise<NewLine[]> {
  const skus = input.lines.map(({ sku }) => sku);
  const items = new Map(
    (await new StockRepository(sql, tenantId).find(skus)).map((item) => [item.sku, item]),
  );
  return input.lines.map((line, index) => {
    const item = items.get(line.sku);
    const at = `${pointer}/${index}`;
    if (item && !item.active)
      throw lineRefusal('orders.item_not_sold', 'It is not sold any more.', `${at}/sku`);
    const unitPrice = line.unit_price ?? item?.price;
    if (unitPrice === undefined)
      throw lineRefusal('orders.price_missing', 'No price is known of it.', `${at}/unit_price`);
    if (line.unit_price === undefined && item?.currency !== input.currency)
      throw lineRefusal('orders.currency_mixed', `Its price is in ${item?.currency}.`, `${at}/sku`);
    const discount = line.discount ?? 0n;
    if (discount > unitPrice * BigInt(line.quantity))
      throw lineRefusal('orders.amount_invalid', 'It is more than the line costs.', `${at}/discount`);
    return {
      sku: line.sku,
      title: line.title ?? item?.title ?? line.sku,
      externalId: null,
      quantity: line.quantity,
      unitPrice,
      discount,
      tax: line.tax ?? 0n,
      design: line.design ?? null,
      weightGrams: line.weight_grams ?? null,
    };
  });
}
