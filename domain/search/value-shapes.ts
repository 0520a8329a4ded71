import { looksLikeDate } from './date-format.ts';

/** How the values of a column look: each the share of the filled ones, 0–1. */
export interface ValueShape {
  filled: number;
  email: number;
  phone: number;
  date: number;
  postcode: number;
  digits: number;
  /** Share of values that no other row of the sample has. */
  distinct: number;
}

/** Digits with the signs people put between them; 7 to 15 of them (ITU-T E.164). */
function looksLikePhone(value: string): boolean {
  const digits = value.replace(/\D/g, '').length;
  return digits >= 7 && digits <= 15 && /^[+(]?[\d\s().+/-]+(?:\s*(?:x|ext\.?)\s*\d+)?$/i.test(value);
}

/** United States, Canada, United Kingdom, Netherlands, and the countries that use 4 to 6 digits. */
const postcode =
  /^(?:\d{4,6}|\d{5}-?\d{4}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|\d{2,3}-\d{3,4})$/i;

/** Looks at a sample of a column's values. */
export function shapeOf(values: readonly string[]): ValueShape {
  const filled = values.map((value) => value.trim()).filter((value) => value !== '');
  const share = (test: (value: string) => boolean): number =>
    filled.length === 0 ? 0 : filled.filter(test).length / filled.length;
  return {
    filled: filled.length,
    email: share((value) => /^(?:mailto:)?[^\s@]+@[^\s@]+\.[^\s@]+$/i.test(value)),
    phone: share((value) => looksLikePhone(value) && !looksLikeDate(value)),
    date: share(looksLikeDate),
    postcode: share((value) => postcode.test(value)),
    digits: share((value) => /^\d+$/.test(value)),
    distinct: filled.length === 0 ? 0 : new Set(filled).size / filled.length,
  };
}
