import type { BatchWait } from '../../domain/search/batch-wait.ts';
import type { RangeOutcome } from '../../workflows/search/messages.ts';
import type { WaitingRow } from './batch-row-searcher.ts';

/** The rows of a range that wait for a provider, from all of its steps. */
export class WaitingRows {
  #from = Number.POSITIVE_INFINITY;
  #to = 0;
  #until = Number.POSITIVE_INFINITY;

  add(rows: readonly WaitingRow[], wait: BatchWait | null): void {
    const [first] = rows;
    const last = rows.at(-1);
    if (!first || !last || !wait) return;
    this.#from = Math.min(this.#from, first.rowNo);
    this.#to = Math.max(this.#to, last.rowNo);
    this.#until = Math.min(this.#until, Date.parse(wait.until));
  }

  outcome(now: Date): Pick<RangeOutcome, 'waiting' | 'waitSeconds'> {
    if (this.#to === 0) return { waiting: null, waitSeconds: 0 };
    const seconds = Math.max(1, Math.ceil((this.#until - now.getTime()) / 1_000));
    return { waiting: { from: this.#from, to: this.#to }, waitSeconds: seconds };
  }
}
