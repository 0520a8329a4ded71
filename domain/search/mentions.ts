/**
 * Addresses that stand in a text, whole, each as it is written and without signs that may belong to the sentence before it.
 * A longer address that ends or begins like another one is not that other one.
 */
export function addressesIn(text: string): string[] {
  if (!text.includes('@')) return [];
  // Only from where a word begins: a long text without blanks would else be gone through once from each of its letters.
  const address =
    /(?<![\p{L}\p{N}.!#$%*+/^_`{}~'-])[\p{L}\p{N}.!#$%*+/^_`{}~'-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+(?![@\p{L}\p{N}])/gu;
  const found = visible(text).match(address) ?? [];
  return found.flatMap((one) => [one, one.replace(/^[^\p{L}\p{N}]+/u, '')]);
}

/** Most digits of a number with its country and all that is dialled before it: 15 of ITU-T E.164, and 00. */
const mostDigits = 17;

/**
 * The digits of whatever may be a telephone number in a text: groups of digits that follow one another with no letter in
 * between, each row of them, without noughts in front. One with its country begins with that.
 */
export function* numbersIn(text: string): Iterable<string> {
  for (const [row] of visible(text).matchAll(/(?<![\p{L}\p{N}])\+?\d[\d\s().+/-]*(?![\p{L}\p{N}])/gu))
    for (const part of row.split(/(?=\+)|(?<=\D)(?=00)/)) {
      const groups = part.match(/\d+/g) ?? [];
      const withCountry = part.startsWith('+') || part.startsWith('00');
      for (let first = 0; first < (withCountry ? 1 : groups.length); first += 1) {
        let digits = '';
        for (let last = first; last < groups.length; last += 1) {
          digits += groups[last];
          if (digits.length > mostDigits) break;
          yield digits.replace(/^0+/, '');
        }
      }
    }
}

/** Days that stand in a text, in figures, each as it is written. */
export function daysIn(text: string): string[] {
  const day =
    /(?<![\p{L}\p{N}])(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})(?![\p{L}\p{N}])/gu;
  return visible(text).match(day) ?? [];
}

/** Without characters that nobody sees, and with the usual ones in place of wide and narrow ones. */
function visible(text: string): string {
  return text.normalize('NFKC').replace(/\p{Cf}/gu, '');
}
