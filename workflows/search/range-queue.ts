import type { RowRange } from './messages.ts';

const firstSize = 500;
const smallest = 50;
const largest = 100_000;
/** So many seconds of work are handed out at once: few events a row, and yet a lost worker or a new tenant waits little. */
const secondsOfWork = 3;

/** The ranges of rows still to be searched, handed out in pieces that take a few seconds each. */
export class RangeQueue {
  readonly #ranges: RowRange[];
  #size = firstSize;

  constructor(ranges: readonly RowRange[]) {
    this.#ranges = [...ranges];
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
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

  /** Sizes the next pieces by how fast the last one went. */
  learn(rows: number, seconds: number): void {
    if (rows === 0) return;
    const fitting = Math.round((rows / Math.max(seconds, 0.001)) * secondsOfWork);
    this.#size = Math.min(largest, this.#size * 4, Math.max(smallest, fitting));
  }
}
