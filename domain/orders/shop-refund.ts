import { z } from 'zod';
import { Failure } from '../failure.ts';
import { currency, decimal, id, issuesOf, minorUnits, text } from './shop-values.ts';

/** How a refund stands that somebody else has made. */
export type OutsideRefundState = 'pending' | 'succeeded' | 'failed';

/** What a shop says of one refund of an order of its own, in our words. */
export interface ShopRefund {
  reference: string;
  amount: bigint;
  /** Another than the order's where the customer has paid in it. */
  currency: string;
  state: OutsideRefundState;
  lines: RefundedLine[];
}

/** Units that a refund is for. */
export interface RefundedLine {
  /** The line, as it is called there. */
  externalId: string;
  quantity: number;
  /** They were with the customer, and came back. Any others are not to leave, if they are still here. */
  returned: boolean;
}

/** More than a shop makes of one order: each is looked for among all of them. */
export const mostRefunds = 500;

/** A refund as Shopify's Admin API tells it, by itself or within its order. */
export const shopifyRefund = z.looseObject({
  id,
  order_id: id.nullish(),
  transactions: z
    .array(
      z.looseObject({
        kind: text,
        status: text,
        amount: decimal,
        /** Where it does not say, the order's. */
        currency: currency.nullish(),
      }),
    )
    .nullish(),
  refund_line_items: z
    .array(z.looseObject({ line_item_id: id, quantity: z.int().min(0).max(1_000_000), restock_type: text }))
    .nullish(),
});
export type ShopifyRefund = z.output<typeof shopifyRefund>;

/**
 * Reads what `refunds/create` tells.
 *
 * @throws Failure `orders.refund_unreadable` for what is no refund of an order; it names places, and no values
 */
export function readShopifyRefund(body: unknown): { orderId: string; refund: ShopifyRefund } {
  const read = shopifyRefund.extend({ order_id: id }).safeParse(body);
  if (!read.success)
    throw new Failure('orders.refund_unreadable', 'It is not a refund as Shopify tells it.', {
      issues: issuesOf(read.error),
    });
  return { orderId: read.data.order_id, refund: read.data };
}

/**
 * What a refund comes to, for an order in a currency. Its money is what its transactions move: those that are under way count,
 * those that have failed do not.
 */
export function toShopRefund(refund: ShopifyRefund, orderCurrency: string): ShopRefund {
  const moves = (refund.transactions ?? []).filter(({ kind }) => kind === 'refund');
  const foreign = moves.find((one) => one.currency && one.currency !== orderCurrency)?.currency;
  const of = foreign ?? orderCurrency;
  const counted = moves.filter(
    (one) => (one.status === 'success' || one.status === 'pending') && (one.currency ?? orderCurrency) === of,
  );
  const isFailed = moves.length > 0 && counted.length === 0;
  const isPending = counted.some(({ status }) => status === 'pending');
  return {
    reference: refund.id,
    amount: counted.reduce((sum, { amount }) => sum + minorUnits(amount, of), 0n),
    currency: of,
    state: isFailed ? 'failed' : isPending ? 'pending' : 'succeeded',
    lines: (refund.refund_line_items ?? []).map(({ line_item_id, quantity, restock_type }) => ({
      externalId: line_item_id,
      quantity,
      returned: restock_type === 'return',
    })),
  };
}
