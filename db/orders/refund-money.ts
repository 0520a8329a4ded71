import { costOfUnits, lostAndRefundedUnits } from '../../domain/orders/lines.ts';
import { least, positive } from '../../domain/orders/money.ts';
import { isUndone } from '../../domain/orders/order-status.ts';
import { isRefundOfOurs, sumAmounts, sumOf, worthWithoutLost } from './order-money.ts';
import type { Order, Payment } from './order.ts';

/**
 * What of a payment has not been refunded, and is not about to be. Of the whole order, also what was set off against the
 * order of an exchange is given back already.
 */
export function refundableOf(order: Order, parentId?: string): bigint {
  const of = (
    kind: Payment['kind'],
    states: Payment['state'][],
    matches: (one: Payment) => boolean,
  ): bigint =>
    order.payments
      .filter((one) => one.kind === kind && states.includes(one.state) && matches(one))
      .reduce((sum, one) => sum + one.amount, 0n);
  const captured = of('capture', ['settled'], (one) => parentId === undefined || one.id === parentId);
  const refunded = of('refund', ['reserved', 'unknown', 'settled'], (one) =>
    parentId === undefined ? isRefundOfOurs(one) : one.parentId === parentId,
  );
  return captured - refunded - (parentId === undefined ? exchangedFromOurs(order) : 0n);
}

/** What was set off against exchanges is drawn first on what we have not taken ourselves and can't give back. */
function exchangedFromOurs(order: Order): bigint {
  const others = notOurs(order);
  return order.exchanged > others ? order.exchanged - others : 0n;
}

/** Paid to somebody else, or with what was sent back of an earlier order. */
function notOurs({ externalPaid, externalRefunded, credit, creditLeft }: Order): bigint {
  return externalPaid - externalRefunded + credit - creditLeft;
}

/** What of all that was paid, to whomever, is neither given back nor set off against an exchange. */
export function worthLeftOf(order: Order): bigint {
  const others = notOurs(order);
  return refundableOf(order) + (order.exchanged < others ? others - order.exchanged : 0n);
}

/** Money that was taken for what will not come any more, and is neither given back nor being given back yet. */
export function overpaidOf(order: Order): bigint {
  const over = takenTooMuch(order) - freeRefundsOf(order);
  return positive(least(over, refundableOf(order)));
}

/** The same, whatever of it others have given back. */
function takenTooMuch(order: Order): bigint {
  const corrected = order.payments.filter(
    (one) => one.kind === 'refund' && one.cause === 'correction' && !isOvertaken(order, one),
  );
  return sumOf(order, 'capture') - sumAmounts(corrected) - dueWithoutLost(order) - refundedOfLost(order);
}

/**
 * Whether a refund of ours was refused because others had given money back of which we had not heard yet. Now that we have,
 * the rest can be given back. One that is refused after that is so for another reason, until we hear of more.
 */
export function isOvertaken({ payments }: Order, { kind, state, code, createdAt }: Payment): boolean {
  if (kind !== 'refund' || state !== 'failed' || !overtaken.has(code ?? '')) return false;
  return payments.some((one) => one.cause === 'elsewhere' && one.createdAt > createdAt);
}

/** As processors refuse a refund of more than is left. */
const overtaken: ReadonlySet<string> = new Set(['amount_exceeded', 'already_refunded']);

/** What was paid to somebody else for what will not come any more, and is for them to give back. */
export function overpaidElsewhereOf(order: Order): bigint {
  return positive(takenTooMuchElsewhere(order) - freeRefundsOf(order));
}

/** The same, whatever of it was given back. */
function takenTooMuchElsewhere(order: Order): bigint {
  return order.externalPaid - dueWithoutLost(order) - refundedOfLost(order);
}

/**
 * What others have given back that nobody knows yet what it was for. Whatever is to be given back from now on may be just that,
 * so it is set off: money that went back at the processor and then again here would be gone. What has failed here was
 * made good there.
 */
function freeRefundsOf(order: Order): bigint {
  const { payments, payment, externalRefunded, refundsSetOff } = order;
  const refunds = payments.filter(({ kind }) => kind === 'refund');
  const told = refunds.filter(
    ({ cause, state }) => cause === 'elsewhere' && (state === 'settled' || state === 'unknown'),
  );
  const failed = refunds.filter(
    (one) => one.cause !== 'elsewhere' && one.state === 'failed' && !isOvertaken(order, one),
  );
  const elsewhere = payment.mode === 'external' ? externalRefunded : sumAmounts(told);
  return positive(elsewhere - refundsSetOff - sumAmounts(failed));
}

/** What others have given back beyond what was taken too much: it can be set off against a return. */
export function refundsToSetOff(order: Order): bigint {
  const over = order.payment.mode === 'external' ? takenTooMuchElsewhere(order) : takenTooMuch(order);
  return positive(freeRefundsOf(order) - positive(over));
}

/** What was given back for lost units when somebody asked for it, before they were known to be lost. */
function refundedOfLost(order: Order): bigint {
  return order.lines.reduce((sum, line) => {
    const kept = line.refunded - lostAndRefundedUnits(line);
    return sum + costOfUnits(line, line.refunded) - costOfUnits(line, kept);
  }, 0n);
}

function dueWithoutLost(order: Order): bigint {
  return isUndone(order.status) ? 0n : positive(worthWithoutLost(order) - order.credit);
}
