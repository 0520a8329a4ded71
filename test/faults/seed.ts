/** A repeatable choice: the same seed gives the same numbers. */
export interface Chance {
  /** From 0 up to 1. */
  next(): number;
  pick<T>(from: readonly T[]): T;
  /** So many of them, in an order of chance. */
  sample<T>(from: readonly T[], count: number): T[];
}

/** What `FAULT_SEED` says; else another number in every run, so that over many runs all is tried. */
export const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);

/** Whether everything is tried, for as long as it takes: `npm run test:faults`. */
export const thorough = process.env['FAULTS'] === 'all';

/** The faults that are to be tried, for a short time, by a pattern of their names: `FAULTS='the API is (killed|frozen)'`. */
export const only =
  thorough || process.env['FAULTS'] === undefined ? null : new RegExp(process.env['FAULTS']);

/** Of how many crash points each process is tried at most, in place of all: `FAULT_POINTS=10`. */
export const mostPoints = Number(process.env['FAULT_POINTS'] ?? Number.POSITIVE_INFINITY);

/** A stream of chance of its own for each name, so that one test's choices do not depend on which others have run. */
export function chanceOf(name: string): Chance {
  let state = seed;
  for (const character of name) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01_00_01_93);
  // Mulberry32, a generator in the public domain.
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  return {
    next,
    pick,
    sample: (from, count) =>
      from
        .map((one) => ({ one, at: next() }))
        .toSorted((a, b) => a.at - b.at)
        .slice(0, count)
        .map(({ one }) => one),
  };
}
