const fewest = 20;
const most = 1_000;
/** A step is one transaction. Shorter, and its costs show; longer, and a pause is felt. */
const aimMilliseconds = 700;

/** How many rows a step takes, by how long the last ones took: a row is anything from a look-up to a call abroad. */
class StepSize {
  #rows = 100;

  get rows(): number {
    return this.#rows;
  }

  learn(rows: number, milliseconds: number): void {
    const fitting = (rows * aimMilliseconds) / Math.max(milliseconds, 1);
    // Never more than double: a step that was answered by the cache says little about the next.
    this.#rows = Math.round(Math.min(most, this.#rows * 2, Math.max(fewest, fitting)));
  }
}

const mostBatches = 200;

/** The sizes of the steps of each batch: a vendor's answers and look-ups in the process have little in common. */
export class StepSizes {
  readonly #sizes = new Map<string, StepSize>();

  of(batchId: string): StepSize {
    const size = this.#sizes.get(batchId) ?? new StepSize();
    this.#sizes.delete(batchId);
    this.#sizes.set(batchId, size);
    const [oldest] = this.#sizes.keys();
    if (this.#sizes.size > mostBatches && oldest !== undefined) this.#sizes.delete(oldest);
    return size;
  }
}
