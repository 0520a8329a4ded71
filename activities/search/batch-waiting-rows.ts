import type { Batch } from '../../db/search/batch.ts';
import type { RangeOutcome } from '../../workflows/search/messages.ts';
import type { WaitingRow } from './batch-row-searcher.ts';

/** The rows of a range that wait for a provider, from all of its steps. */
export class WaitingRows {
  #from = Number.POSITIVE_INFINITY;
  #to = 0;
  /** On the clock that only ever counts on: what this machine takes for the time of day may be wrong. */
  #until = Number.POSITIVE_INFINITY;

  /** @param batch as it is stored with the wait of these rows */
  add(rows: readonly WaitingRow[], { waiting, readAt }: Batch): void {
    const [first] = rows;
    const last = rows.at(-1);
    if (!first || !last || !waiting) return;
    this.#from = Math.min(this.#from, first.rowNo);
    this.#to = Math.max(this.#to, last.rowNo);
    const milliseconds = Date.parse(waiting.until) - readAt.getTime();
    this.#until = Math.min(this.#until, performance.now() + milliseconds);
  }

  outcome(): Pick<RangeOutcome, 'waiting' | 'waitSeconds'> {
    if (this.#to === 0) return { waiting: null, waitSeconds: 0 };
    const seconds = Math.max(1, Math.ceil((this.#until - performance.now()) / 1_000));
    return { waiting: { from: this.#from, to: this.#to }, waitSeconds: seconds };
  }
}
