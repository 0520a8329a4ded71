import { v7 as uuidv7 } from 'uuid';
import { costOfUnits, refundableUnits } from '../../domain/orders/lines.ts';
import { least } from '../../domain/orders/money.ts';
import { isTerminal } from '../../domain/orders/order-status.ts';
import type { OutsideRefundState, RefundedLine } from '../../domain/orders/shop-refund.ts';
import type { OpenOrder } from './open-order.ts';
import { holdOrder } from './order-commands.ts';
import {
  externalRefundedOf,
  isGivenBack,
  refundedElsewhereOf,
  refundedOf,
  sumAmounts,
} from './order-money.ts';
import { reserveOrder } from './order-steps.ts';
import type { Order, Payment, RefundLine } from './order.ts';
import { failRefund, reserveCorrections } from './payments.ts';
import { isOvertaken } from './refund-money.ts';
import { removeUnits } from './remove-units.ts';

/** Who tells of a refund, and of which of its payments or orders it is. */
export interface Told {
  /** `stripe`, or the shop that the order is from. */
  by: string;
  /** The name there of the payment, or of the order. */
  of: string;
}

/** A refund that somebody has made elsewhere, as it is told. */
export interface OutsideRefund {
  /** Its name there: what is told of it again is the same refund. */
  reference: string;
  /** The key of the call that has made it, if it was one of ours. */
  key: string | null;
  amount: bigint;
  /** ISO 4217. */
  currency: string;
  state: OutsideRefundState;
  /** Why it failed. */
  code: string | null;
  lines: readonly RefundedLine[];
}

/**
 * Takes over a refund that was made elsewhere: each once, by its name there, and each of its states. One of our own that is told
 * of has been taken down already. The units that it is for don't leave any more, or are refunded.
 */
export async function takeOutsideRefund(open: OpenOrder, told: Told, refund: OutsideRefund): Promise<void> {
  const { order } = open;
  if (!isOfOrder(order, told)) return;
  const own = order.payments.find(
    ({ kind, cause, key, reference }) =>
      kind === 'refund' && cause !== 'elsewhere' && (key === refund.key || reference === refund.reference),
  );
  if (own) {
    // While its call is open, the call itself finds out what became of it.
    if (own.state === 'settled' && refund.state === 'failed') failRefund(open, own, refund.code);
    return;
  }
  const known = order.payments.find(({ key }) => key === keyOf(told, refund.reference));
  if (known) return follow(open, known, refund);
  await takeNew(open, told, refund);
  if (refund.lines.length > 0) open.acceptOverpaid();
}

async function takeNew(open: OpenOrder, told: Told, refund: OutsideRefund): Promise<void> {
  const { order } = open;
  const { lines, worth } =
    refund.state === 'failed' ? { lines: [], worth: 0n } : await takeUnits(open, told, refund.lines);
  if (refund.currency !== order.currency) return refuse(open, told, refund, lines);
  order.refundsSetOff += least(worth, refund.amount);
  const unnamed = order.payments.find(({ key }) => key === keyOf(told, unnamedReference));
  if (unnamed && takesOver(unnamed, refund)) {
    // It was in the sum that has been told: now it has a name.
    unnamed.key = keyOf(told, refund.reference);
    unnamed.reference = refund.reference;
    unnamed.lines = lines;
    change(open, unnamed, () => void (unnamed.amount = refund.amount));
    if (refund.state === 'failed') follow(open, unnamed, refund);
    return;
  }
  const one = add(open, told, refund.reference, lines);
  one.amount = refund.amount;
  if (refund.state === 'failed') return failRefund(open, one, refund.code);
  change(open, one, () => {
    one.state = unnamed ? 'settled' : stateOf(refund.state);
    if (!unnamed) return;
    unnamed.amount -= refund.amount;
    open.touchPayment(unnamed);
  });
}

/**
 * Takes over what was refunded elsewhere in all, where only that is told. What is not known by name is kept without one, until
 * it is told of.
 *
 * @param at when it was so there: what has failed after that is in it. Null: it is so now
 */
export function takeOutsideTotal(
  open: OpenOrder,
  told: Told,
  total: { amount: bigint; currency: string },
  at: Date | null = null,
): void {
  const { order } = open;
  if (!isOfOrder(order, told) || total.currency !== order.currency) return;
  const known = order.payments.filter(
    (one) =>
      one.kind === 'refund' &&
      isWithin(one, at) &&
      (one.cause !== 'elsewhere' || one.key.startsWith(keyOf(told, ''))),
  );
  const missing = total.amount - sumAmounts(known);
  if (missing <= 0n) return;
  const unnamed = known.find(({ key }) => key === keyOf(told, unnamedReference)) ?? add(open, told, null, []);
  unnamed.state = 'settled';
  change(open, unnamed, () => void (unnamed.amount += missing));
}

/** Whether a refund can be in a sum that was told of a moment. What we have not asked for yet is in none. */
function isWithin({ state, reference, code, settledAt }: Payment, at: Date | null): boolean {
  if (state === 'reserved') return false;
  if (state !== 'failed') return true;
  const hadSucceeded = reference !== null && code !== mixedCurrency;
  return hadSucceeded && at !== null && settledAt !== null && settledAt > at;
}

/**
 * What nobody pays for any more does not leave by itself: people say whether it shall.
 *
 * @param before what of the order had been given back before the refund was told of
 */
export async function holdUnpaid(open: OpenOrder, before: bigint): Promise<void> {
  const { order } = open;
  if (refundedOf(order) <= before || !isGivenBack(order)) return;
  if (order.status !== 'pending' && order.status !== 'processing') return;
  await reserveOrder(open);
  // Nothing leaves while the customer is asked about what is missing.
  if (!order.lines.some(({ missing }) => missing)) await holdOrder(open, null, 'refunded_elsewhere');
}

/**
 * Gives back the rest, when a refund of ours was refused because of one that is told of only now. The order's process may have
 * ended since, so it is a process of its own.
 */
export function giveBackRest(open: OpenOrder): void {
  const { order } = open;
  if (!order.payments.some((one) => one.cause === 'correction' && isOvertaken(order, one))) return;
  for (const { id, key, amount, state } of reserveCorrections(open))
    if (state === 'reserved')
      open.tell('order.refund_requested', {
        refund_id: id,
        key,
        amount: String(amount),
        currency: order.currency,
      });
}

const unnamedReference = 'unnamed';
const mixedCurrency = 'currency_mixed';

/** Of payments to others any; of those to us only the order's own. */
function isOfOrder(order: Order, { of }: Told): boolean {
  return order.payment.mode === 'external' || paymentNamed(order, of) !== undefined;
}

function paymentNamed({ payments }: Order, name: string): Payment | undefined {
  return payments.find(
    ({ kind, reference }) => (kind === 'authorize' || kind === 'capture') && reference === name,
  );
}

function keyOf({ by, of }: Told, reference: string): string {
  return `refund:elsewhere:${by}:${of}:${reference}`;
}

function stateOf(state: OutsideRefundState): Payment['state'] {
  return state === 'succeeded' ? 'settled' : state === 'pending' ? 'unknown' : 'failed';
}

function add(open: OpenOrder, told: Told, reference: string | null, lines: RefundLine[]): Payment {
  const { order, now } = open;
  const one: Payment = {
    id: uuidv7(),
    kind: 'refund',
    key: keyOf(told, reference ?? unnamedReference),
    amount: 0n,
    state: 'unknown',
    reference,
    parentId: order.payment.mode === 'external' ? null : (paymentNamed(order, told.of)?.id ?? null),
    fulfillmentId: null,
    cause: 'elsewhere',
    lines,
    reason: null,
    code: null,
    action: null,
    attempts: 0,
    final: false,
    createdBy: null,
    createdAt: now,
    settledAt: null,
  };
  order.payments.push(one);
  open.touchPayment(one);
  return one;
}

/** Changes what is known of a refund, and tells of what has been given back more than was known. */
function change(open: OpenOrder, one: Payment, work: () => void): void {
  const { order } = open;
  const before = refundedElsewhereOf(order);
  work();
  if (one.state === 'settled') one.settledAt ??= open.now;
  open.touchPayment(one);
  order.externalRefunded = externalRefundedOf(order);
  const more = refundedElsewhereOf(order) - before;
  if (more > 0n)
    open.tell('order.refunded', {
      amount: String(more),
      currency: order.currency,
      refund_id: one.id,
      external_refund_id: one.reference,
      cause: one.cause,
      lines: one.lines ?? [],
    });
}

/** What is told of a refund that is known. One that has failed stays so; one that has succeeded may still fail. */
function follow(open: OpenOrder, one: Payment, { state, amount, code }: OutsideRefund): void {
  if (one.state === 'failed') return;
  if (state === 'failed') return failRefund(open, one, code);
  if (one.state === 'settled') return;
  change(open, one, () => {
    one.amount = amount;
    one.state = stateOf(state);
  });
}

/** A refund in another currency counts for nothing: nobody here knows what it is worth. People are told. */
function refuse(open: OpenOrder, told: Told, refund: OutsideRefund, lines: RefundLine[]): void {
  const one = add(open, told, refund.reference, lines);
  one.state = 'failed';
  one.code = mixedCurrency;
  open.tell('order.payment_changed', {
    problem: mixedCurrency,
    refunded: String(refund.amount),
    currency: refund.currency,
    refund_id: one.id,
    external_refund_id: refund.reference,
  });
}

/** Whether a refund that was told by name is what is known without one. One that failed has to be all of it. */
function takesOver(unnamed: Payment, { amount, state }: OutsideRefund): boolean {
  return state === 'failed' ? unnamed.amount === amount : unnamed.amount <= amount;
}

/**
 * Takes the units out that a refund is for and that have not left, and marks the others as refunded. Those that were taken out or
 * came back here before it are what it is for: their money was due there. So are those of a refund that has failed, as what is made
 * in its place is for the same units.
 *
 * @returns the units by our lines, and what those are worth that have left
 */
async function takeUnits(
  open: OpenOrder,
  told: Told,
  refunded: readonly RefundedLine[],
): Promise<{ lines: RefundLine[]; worth: bigint }> {
  const { order } = open;
  const removed = new Map<string, number>();
  const lines: RefundLine[] = [];
  const toldSoFar = new Map<string, number>();
  const tell = (lineId: string, quantity: number): number => {
    const sum = (toldSoFar.get(lineId) ?? 0) + quantity;
    toldSoFar.set(lineId, sum);
    return sum;
  };
  for (const { key, state, code, lines: before } of order.payments)
    if (key.startsWith(keyOf(told, '')) && (state !== 'failed' || code === mixedCurrency))
      for (const { line_id: lineId, quantity } of before ?? []) tell(lineId, quantity);
  const byName = new Map(order.lines.map((line) => [line.externalId, line]));
  let worth = 0n;
  for (const { externalId, quantity, returned } of refunded) {
    const line = byName.get(externalId);
    if (!line || quantity === 0) continue;
    lines.push({ line_id: line.id, quantity });
    const taken = removed.get(line.id) ?? 0;
    const sum = tell(line.id, quantity);
    const units = Math.min(quantity, Math.max(0, sum - line.cancelled - line.refunded - taken));
    const here = isTerminal(order.status) ? 0 : line.quantity - line.cancelled - line.shipped - taken;
    const away = refundableUnits(line);
    const out = Math.min(here, returned ? Math.max(0, units - away) : units);
    if (out > 0) removed.set(line.id, taken + out);
    const back = Math.min(away, units - out);
    worth += costOfUnits(line, line.refunded + back) - costOfUnits(line, line.refunded);
    line.refunded += back;
  }
  await removeUnits(open, removed, 'refunded_at_source');
  return { lines, worth };
}
