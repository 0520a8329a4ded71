/**
 * What was looked up a moment ago, kept for a few seconds. Callers that ask for the same thing at once share one
 * look-up; a failed one is not kept. The least recently made entries go when there are too many.
 */
export class TtlCache<V> {
  readonly #milliseconds: number;
  readonly #now: () => number;
  readonly #most: number;
  readonly #entries = new Map<string, { value: Promise<V>; expires: number }>();

  constructor(milliseconds: number, now: () => number = Date.now, most = 10_000) {
    this.#milliseconds = milliseconds;
    this.#now = now;
    this.#most = most;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  async get(key: string, load: () => Promise<V>): Promise<V> {
    const now = this.#now();
    const kept = this.#entries.get(key);
    if (kept && kept.expires > now) return await kept.value;
    const entry = { value: load(), expires: now + this.#milliseconds };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
    }
    try {
      return await entry.value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }
}
