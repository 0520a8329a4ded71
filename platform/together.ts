import { AsyncLocalStorage } from 'node:async_hooks';

const mostAtOnce = 100;

interface Asked<A, B> {
  item: A;
  /** Does work as part of what the item is asked for. */
  inContext: <T>(work: () => T) => T;
  done: (result: B) => void;
  failed: (error: unknown) => void;
}

/**
 * Work that costs hardly more for many than for one, such as a statement. What is asked for in one turn of the event loop, or
 * while the work before is under way, is done together. It begins after it was asked for: nobody is given what was read before.
 */
export class Together<A, B> {
  readonly #work: (items: readonly A[]) => Promise<readonly B[]>;
  readonly #apart: (error: unknown) => boolean;
  #asked: Asked<A, B>[] = [];
  #working = false;

  /**
   * @param work gives the result of each item, at its place
   * @param apart whether after such a failure each is done by itself, so that one that can't be done takes no other with it
   */
  constructor(
    work: (items: readonly A[]) => Promise<readonly B[]>,
    apart: (error: unknown) => boolean = () => false,
  ) {
    this.#work = work;
    this.#apart = apart;
  }

  async ask(item: A): Promise<B> {
    const inContext = AsyncLocalStorage.snapshot();
    return await new Promise<B>((done, failed) => {
      this.#asked.push({ item, inContext, done, failed });
      if (this.#working) return;
      this.#working = true;
      setImmediate(() => void this.#doAll());
    });
  }

  async #doAll(): Promise<void> {
    while (this.#asked.length > 0) await this.#do(this.#asked.splice(0, mostAtOnce));
    this.#working = false;
  }

  async #do(together: readonly Asked<A, B>[]): Promise<void> {
    try {
      // In a trace, what is done for several hangs under the first of them.
      const results = await together[0]?.inContext(() => this.#work(together.map(({ item }) => item)));
      for (const [place, { done }] of together.entries()) done(results?.[place] as B);
    } catch (error) {
      if (together.length > 1 && this.#apart(error))
        await Promise.all(together.map((one) => this.#do([one])));
      else for (const { failed } of together) failed(error);
    }
  }
}
