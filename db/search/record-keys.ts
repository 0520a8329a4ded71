import { hash53 } from '../../domain/search/matching/hash.ts';
import type { TermKind } from '../../domain/search/matching/frequency.ts';

/** The keys of one record set: the same blocking key or term has another hash in another set. */
export class RecordKeys {
  readonly #seed: number;
  readonly #prefix: string;

  constructor(recordSetId: string) {
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
