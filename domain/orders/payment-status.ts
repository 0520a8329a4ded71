export const paymentStatuses = [
  'unpaid',
  'authorized',
  'partially_paid',
  'paid',
  'partially_refunded',
  'refunded',
  'voided',
  'failed',
  'disputed',
] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** What the books of an order say, in minor units of its currency. Only what is settled counts. */
export interface Books {
  /** What is to be paid for what was not cancelled. */
  due: bigint;
  authorized: bigint;
  captured: bigint;
  refunded: bigint;
  voided: boolean;
  /** The latest attempt to authorise was declined. */
  declined: boolean;
  disputed: boolean;
}

/** The one word for the books of an order. It is computed, never set. */
export function paymentStatus(books: Books): PaymentStatus {
  const { due, authorized, captured, refunded, voided, declined, disputed } = books;
  if (disputed) return 'disputed';
  if (captured > 0n) {
    if (refunded >= captured) return 'refunded';
    if (refunded > 0n) return 'partially_refunded';
    return captured >= due ? 'paid' : 'partially_paid';
  }
  if (voided) return 'voided';
  if (authorized > 0n) return 'authorized';
  if (declined) return 'failed';
  return due === 0n ? 'paid' : 'unpaid';
}
