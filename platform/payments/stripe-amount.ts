import type { Money } from './processor.ts';

/**
 * Where Stripe's smallest unit is not the one of ISO 4217 (docs.stripe.com/currencies, "Special cases"): it counts krónur and
 * Ugandan shillings in hundredths, and ariary whole.
 */
const factors: Readonly<Record<string, { times: bigint; over: bigint }>> = {
  ISK: { times: 100n, over: 1n },
  UGX: { times: 100n, over: 1n },
  MGA: { times: 1n, over: 100n },
};
const same = { times: 1n, over: 1n };

/** Minor units as Stripe counts them; null when it cannot express the amount. */
export function toStripeAmount({ amount, currency }: Money): bigint | null {
  const { times, over } = factors[currency] ?? same;
  return (amount * times) % over === 0n ? (amount * times) / over : null;
}

/** Stripe's whole number and lower-case currency as money. */
export function fromStripeAmount(amount: number, currency: string): Money {
  const { times, over } = factors[currency.toUpperCase()] ?? same;
  return { amount: (BigInt(amount) * over) / times, currency: currency.toUpperCase() };
}
