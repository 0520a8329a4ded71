import { hash53 } from '../../domain/search/matching/hash.ts';
import type { TermKind } from '../../domain/search/matching/frequency.ts';

/** The keys of one record set: the same blocking key or term has another hash in another set. */
export class RecordKeys {
  /** The record set in its present state: counts kept under it hold until people come or go. */
  readonly version: string;
  readonly #seed: number;
  readonly #prefix: string;

  /** @param people how many people the set has; needed for its `version` only */
  constructor(recordSetId: string, people = '0') {
    this.version = `${recordSetId}:${people}`;
    this.#prefix = recordSetId.slice(-12);
    this.#seed = hash53(recordSetId) | 0;
  }

  blocking(key: string): number {
    return hash53(`${this.#prefix}b${key}`, this.#seed);
  }

  term(kind: TermKind, term: string): number {
    return hash53(`${this.#prefix}t${kind}|${term}`, this.#seed);
  }

  spelling(kind: 'g' | 's', form: string): number {
    return hash53(`${this.#prefix}f${kind}${form}`, this.#seed);
  }
}
