import type { Transaction } from '../../db/database.ts';
import type { Order } from '../../db/orders/order.ts';
import type { Replacement } from '../../db/orders/returns.ts';
import { StockRepository } from '../../db/orders/stock.repository.ts';
import { exchangePrice } from '../../domain/orders/exchange.ts';
import { lineRefusal } from './line-refusal.ts';

/**
 * Refuses an exchange for what can't be sent, before anything is sent back for it.
 *
 * @throws Failure `orders.item_not_sold`, `orders.currency_mixed`, `orders.price_missing`
 */
export async function requireExchangeable(
  { sql }: Transaction,
  { tenantId, currency, lines }: Order,
  replacement: readonly Replacement[],
): Promise<void> {
  const items = await new StockRepository(sql, tenantId).find(replacement.map(({ sku }) => sku));
  for (const [index, { sku }] of replacement.entries()) {
    const at = `/body/exchange_for/${index}/sku`;
    const item = items.find((one) => one.sku === sku);
    if (item && !item.active) throw lineRefusal('orders.item_not_sold', 'It is not sold any more.', at);
    const same = lines.find((line) => line.sku === sku);
    if (exchangePrice(currency, item, same) !== null) continue;
    if (item) throw lineRefusal('orders.currency_mixed', `Its price is in ${item.currency}.`, at);
    throw lineRefusal('orders.price_missing', 'No price is known of it.', at);
  }
}
