import { condition } from '@temporalio/workflow';

/** Chunks at work at once. */
export class Lanes {
  busy = 0;
  /** The budget's rest is in the hands of others: the next chunk can start when one of them has ended. */
  waitForOthers = false;
  #ended = 0;
  #failure: { error: unknown } | null = null;

  /** It waits for others, and there are none. */
  get isStuck(): boolean {
    return this.waitForOthers && this.busy === 0;
  }

  canTake(width: number): boolean {
    return this.busy < (this.waitForOthers ? 1 : width);
  }

  start(work: () => Promise<void>): void {
    this.busy += 1;
    work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.busy -= 1;
        this.#ended += 1;
      });
  }

  /** Waits until a chunk has ended or something else is so. Throws what a chunk threw, once all have ended. */
  async freed(orElse: () => boolean): Promise<void> {
    const before = this.#ended;
    await condition(() => this.#ended > before || orElse());
    if (!this.#failure) return;
    await condition(() => this.busy === 0);
    throw this.#failure.error;
  }
}
