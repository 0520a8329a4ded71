/** Without letters and digits that are taken for one another when they are read out (Crockford's base 32). */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Random digits of a number: 32^9, so that nobody finds another order by trying. */
export const numberBytes = 9;

/**
 * The number that people call an order by, e.g. `7K3-M9Q-X2T`: easy to read out, and it tells neither how many orders there
 * are nor what the next one is called.
 *
 * @param random as many random bytes as `numberBytes`
 */
export function orderNumber(random: Uint8Array): string {
  const digits = [...random].map((byte) => alphabet[byte & 31]).join('');
  return digits.replaceAll(/(...)(?=.)/g, '$1-');
}

/** A number as somebody has typed it: any case, with or without dashes and the leading `#`, with look-alikes. */
export function normaliseOrderNumber(typed: string): string {
  const digits = typed
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
    .replaceAll('U', 'V');
  return digits.replaceAll(/(...)(?=.)/g, '$1-');
}
