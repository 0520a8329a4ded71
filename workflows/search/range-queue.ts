import type { RowRange } from './messages.ts';

const firstSize = 500;
const smallest = 50;
const largest = 100_000;
/** So many seconds of work are handed out at once: few events a row, and yet a lost worker or a new tenant waits little. */
const secondsOfWork = 3;

/** Ranges that were put off become one across gaps of so many rows. */
const bridged = 100;

/** The ranges of rows still to be searched, handed out in pieces that take a few seconds each. */
export class RangeQueue {
  readonly #ranges: RowRange[];
  readonly #putOff: RowRange[] = [];
  #size = firstSize;
  #waitSeconds = Number.POSITIVE_INFINITY;

  constructor(ranges: readonly RowRange[]) {
    this.#ranges = [...ranges];
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Until ranges that were put off can be tried, once all others are done; null when there are none. */
  get waitSeconds(): number | null {
    return this.#putOff.length === 0 ? null : this.#waitSeconds;
  }

  /** The next piece, or null when nothing is left. */
  take(): RowRange | null {
    const range = this.#ranges.shift();
    if (!range) return null;
    const to = Math.min(range.to, range.from + this.#size - 1);
    if (to < range.to) this.#ranges.unshift({ from: to + 1, to: range.to });
    return { from: range.from, to };
  }

  /** Puts back what a piece has left over: it comes next. */
  giveBack(range: RowRange): void {
    this.#ranges.unshift(range);
  }

  /** Keeps rows back that wait for a provider, so that the others, which another one may answer, don't wait too. */
  putOff(range: RowRange, seconds: number): void {
    this.#putOff.push(range);
    this.#waitSeconds = Math.min(this.#waitSeconds, seconds);
  }

  /** Lets all that was put off be taken again. */
  resume(): void {
    for (const range of this.#putOff.splice(0).toSorted((a, b) => a.from - b.from)) {
      const before = this.#ranges.at(-1);
      if (before && range.from > before.to && range.from - before.to <= bridged) before.to = range.to;
      else this.#ranges.push({ ...range });
    }
    this.#waitSeconds = Number.POSITIVE_INFINITY;
  }

  /** Sizes the next pieces by how fast the last one went. */
  learn(rows: number, seconds: number): void {
    if (rows === 0) return;
    const fitting = Math.round((rows / Math.max(seconds, 0.001)) * secondsOfWork);
    this.#size = Math.min(largest, this.#size * 4, Math.max(smallest, fitting));
  }
}
