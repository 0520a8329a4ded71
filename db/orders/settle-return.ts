import { amountDue, refundableUnits } from '../../domain/orders/lines.ts';
import { exchangePrice } from '../../domain/orders/exchange.ts';
import { least } from '../../domain/orders/money.ts';
import { createOrder } from './create-order.ts';
import type { NewLine } from './new-lines.ts';
import type { OpenOrder } from './open-order.ts';
import { refundableOf, worthLeftOf } from './refund-money.ts';
import { reserveRefund, setOffElsewhere, takeRefundable } from './refunds.ts';
import { closeReturn, type Replacement, type Return } from './returns.ts';
import { StockRepository } from './stock.repository.ts';

/** The key of what a return pays back. */
export function returnRefundKey(returnId: string): string {
  return `refund:return:${returnId}`;
}

/**
 * Closes a return: what has come back is to be paid back; of an exchange, it is set off against a new order, and only what
 * is left over is paid back. One transaction, so that it happens once.
 *
 * @param canCharge whether there is a processor that could take what an exchange costs more. Without one it is paid back
 *   instead: the order of the exchange would wait for ever
 */
export async function settleReturn(open: OpenOrder, one: Return, canCharge = true): Promise<void> {
  if (one.status === 'closed' || one.status === 'declined') return;
  const lines = one.lines
    .filter(({ received }) => received > 0)
    .map(({ lineId, received }) => ({ line_id: lineId, quantity: unrefunded(open, lineId, received) }))
    .filter(({ quantity }) => quantity > 0);
  const worth = takeRefundable(open, lines);
  // Nothing is worth more than what of its payment is not given back yet, as an amount or for another exchange.
  let amount = least(worth - setOffElsewhere(open, worth, one.id), worthLeftOf(open.order));
  let exchangeOrderId: string | null = null;
  if (one.replacement && one.lines.some(({ received }) => received > 0)) {
    const exchanged = await exchange(open, one.replacement, amount, canCharge);
    if (exchanged) {
      exchangeOrderId = exchanged.orderId;
      amount -= exchanged.credit;
      open.order.exchanged += exchanged.credit;
      open.tell('exchange.created', { return_id: one.id, exchange_order_id: exchangeOrderId });
    }
  }
  // Where somebody else has taken the money, it is not ours to give.
  const most = refundableOf(open.order);
  if (amount > most) {
    owe(open, amount - most);
    amount = most;
  }
  if (amount > 0n)
    reserveRefund(open, {
      key: returnRefundKey(one.id),
      amount,
      cause: 'return',
      // The difference of an exchange is an amount: its units are made good already.
      lines: exchangeOrderId === null ? lines : [],
      reason: one.reason,
    });
  await closeReturn(open, one, exchangeOrderId);
}

/** What was paid with something sent back earlier is owed where that was paid. */
function owe(open: OpenOrder, amount: bigint): void {
  const { order } = open;
  const ofCredit = least(amount, order.credit - order.creditLeft);
  order.creditReturned += ofCredit;
  // When it is given back there, it was for this.
  order.refundsSetOff += amount - ofCredit;
  open.tell('order.refund_due', { amount: String(amount), currency: order.currency });
}

/** Units that were refunded out of goodwill before they came back are not paid twice. */
function unrefunded(open: OpenOrder, lineId: string, received: number): number {
  const line = open.line(lineId);
  return line ? Math.min(received, refundableUnits(line)) : 0;
}

/**
 * Orders what is sent instead.
 *
 * @returns null when the price of something is not known any more, or nobody could take it: then what has come back is paid
 *   back
 */
async function exchange(
  open: OpenOrder,
  replacement: readonly Replacement[],
  worth: bigint,
  canCharge: boolean,
): Promise<{ orderId: string; credit: bigint } | null> {
  const { order, transaction } = open;
  const items = await new StockRepository(transaction.sql, order.tenantId).find(
    replacement.map(({ sku }) => sku),
  );
  const lines: NewLine[] = [];
  for (const { sku, quantity } of replacement) {
    const item = items.find((one) => one.sku === sku);
    const same = order.lines.find((line) => line.sku === sku);
    const unitPrice = exchangePrice(order.currency, item, same);
    if (unitPrice === null) return null;
    lines.push({
      sku,
      title: item?.title ?? same?.title ?? sku,
      externalId: null,
      quantity,
      unitPrice,
      discount: 0n,
      tax: 0n,
      design: same?.design ?? null,
      weightGrams: same?.weightGrams ?? null,
    });
  }
  const total = amountDue(
    lines.map((line) => ({ ...line, cancelled: 0 })),
    0n,
  );
  const credit = least(worth, total);
  if (credit < total && order.payment.mode === 'processor' && !canCharge) return null;
  const { order: made } = await createOrder(
    transaction,
    {
      tenantId: order.tenantId,
      source: 'exchange',
      externalId: null,
      sourceOrderId: order.id,
      currency: order.currency,
      shipping: 0n,
      credit,
      customer: order.customer,
      shippingAddress: order.shippingAddress,
      payment: order.payment,
      externalPaid: 0n,
      fulfillmentMode: order.fulfillmentMode,
      actionSeconds: order.actionSeconds,
      externalUpdatedAt: null,
      lines,
    },
    open.actor,
  );
  return { orderId: made.id, credit };
}
