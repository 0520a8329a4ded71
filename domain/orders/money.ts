/** Amounts are integers of the currency's minor unit (cents, yen, fils). They are never fractions, and never numbers. */
export type Minor = bigint;

/** The largest amount taken: beyond any order, and within PostgreSQL's bigint when many are added up. */
export const largestAmount = 999_999_999_999n;

/**
 * The part of a total that the first units of it are worth. Rounded down, so that parts taken one after another always add
 * up to the total.
 *
 * @param of how many units the total is for; more than 0
 */
export function shareOf(total: Minor, units: number, of: number): Minor {
  return (total * BigInt(units)) / BigInt(of);
}

export function least(a: Minor, b: Minor): Minor {
  return a < b ? a : b;
}

/** Nothing instead of less than nothing. */
export function positive(amount: Minor): Minor {
  return amount > 0n ? amount : 0n;
}
