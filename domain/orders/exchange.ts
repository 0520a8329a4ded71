import type { Minor } from './money.ts';

/**
 * What a unit costs that is sent in exchange: its present price, or, of what is no item, the price at which it was ordered.
 * Null when neither is known in the currency of the order.
 */
export function exchangePrice(
  currency: string,
  item: { price: Minor; currency: string } | undefined,
  same: { unitPrice: Minor } | undefined,
): Minor | null {
  if (item && item.currency === currency) return item.price;
  return same?.unitPrice ?? null;
}
