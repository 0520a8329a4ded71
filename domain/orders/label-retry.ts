/** After so many tries a package is given up that no carrier could be asked about: some four hours. */
export const mostLabelTries = 20;

/** After so many tries a label is kept that could not be given back: a month, as long as carriers take labels back. */
export const mostVoidTries = 40;

const quarterHour = 15 * 60;
const day = 24 * 60 * 60;

/**
 * How long a carrier that could not be reached is left alone.
 *
 * @param tries how often it was tried, from 1
 * @param doing a package waits for the one, and nothing but the price of a label for the other
 */
export function labelRetrySeconds(tries: number, doing: 'buy' | 'void'): number {
  return Math.min(10 * 2 ** (tries - 1), doing === 'buy' ? quarterHour : day);
}
