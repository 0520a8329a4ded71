const fewest = 20;
const most = 1_000;
/** A step is one transaction. Shorter, and its costs show; longer, and a pause is felt. */
const aimMilliseconds = 400;

/** How many rows a step takes, by how long the last ones took: a row is anything from a look-up to a call abroad. */
export class StepSize {
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
