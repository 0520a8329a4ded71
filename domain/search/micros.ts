import type { Micros } from './answer.ts';

/** An amount as JSON carries it: a decimal with up to six places, not negative. */
export const decimalPattern = /^\d{1,12}(\.\d{1,6})?$/;

/** "0.0125" → 12500n. The text must fit `decimalPattern`. */
export function parseDecimal(text: string): Micros {
  if (!decimalPattern.test(text)) throw new RangeError('An amount is a decimal with up to six places.');
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** 12500n → "0.0125": no superfluous zeros, but two places at least. */
export function formatDecimal(micros: Micros): string {
  const digits = String(micros < 0n ? -micros : micros).padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '').padEnd(2, '0');
  return `${micros < 0n ? '-' : ''}${digits.slice(0, -6)}.${fraction}`;
}
