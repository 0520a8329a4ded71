/**
 * Reads that callers of the same moment share. Whoever asks while a read of the same thing is under way gets the next one, which
 * begins when that has ended and serves all who have come meanwhile: so nobody is given what was read before they asked.
 */
export class SharedReads<V> {
  readonly #underWay = new Map<string, Promise<V>>();
  readonly #next = new Map<string, Promise<V>>();

  async read(key: string, load: () => Promise<V>): Promise<V> {
    const before = this.#underWay.get(key);
    if (!before) return await this.#start(key, load);
    let next = this.#next.get(key);
    if (!next) {
      const begin = (): Promise<V> => {
        this.#next.delete(key);
        return this.#start(key, load);
      };
      next = before.then(begin, begin);
      this.#next.set(key, next);
    }
    return await next;
  }

  async #start(key: string, load: () => Promise<V>): Promise<V> {
    const reading = load();
    this.#underWay.set(key, reading);
    try {
      return await reading;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
