import type { Micros } from '../../domain/search/answer.ts';

/** Money that several searches share. */
export class Purse {
  #left: Micros | null;

  /** @param content null: no limit */
  constructor(content: Micros | null) {
    this.#left = content;
  }

  /** Takes an amount out; false, and nothing taken, when there is less. */
  take(amount: Micros): boolean {
    if (this.#left === null) return true;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }

  /** Puts back what was taken out and not spent. */
  putBack(amount: Micros): void {
    if (this.#left !== null) this.#left += amount;
  }
}
