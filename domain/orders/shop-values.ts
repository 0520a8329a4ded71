import { z } from 'zod';

/** IDs beyond 2⁵³ come as text, others as numbers: both are names. */
export const id = z.union([z.string().min(1), z.int()]).transform(String);
export const decimal = z.string().regex(/^\d{1,11}(\.\d{1,6})?$/, 'It is no amount, or beyond any order.');
/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/);
/** Shops pass on what people have typed: what PostgreSQL holds in no text is left out. */
export const text = z
  .string()
  .transform((typed) => typed.replaceAll('\0', '').toWellFormed())
  .nullish();

/** A decimal amount in minor units of its currency (ISO 4217: yen have none, dinars three). Further digits are cut. */
export function minorUnits(amount: string, of: string): bigint {
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency: of }).resolvedOptions()
      .maximumFractionDigits ?? 2;
  const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
  const minor = BigInt(whole + fraction.padEnd(digits, '0').slice(0, digits));
  return amount.startsWith('-') ? -minor : minor;
}

/** Where a body is not as it should be, and how: places, and no values. */
export function issuesOf({ issues }: z.ZodError): { pointer: string; message: string }[] {
  return issues.map(({ path, message }) => ({ pointer: `/${path.map(String).join('/')}`, message }));
}
