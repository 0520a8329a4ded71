/** One who follows a feed, between two looks at it. */
export class Follower {
  readonly tenantId: string;
  readonly userId: string;
  /** Number of the last change that it has been told. */
  known = 0;
  #woken = false;
  #wake: (() => void) | null = null;

  constructor(tenantId: string, userId: string) {
    this.tenantId = tenantId;
    this.userId = userId;
  }

  /** What wakes it from here on counts, also while it does not wait. */
  rest(): void {
    this.#woken = false;
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** @returns false when nothing has woken it within the time */
  async wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (this.#woken || signal.aborted) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), milliseconds);
    const leave = (): void => resolve(true);
    signal.addEventListener('abort', leave, { once: true });
    this.#wake = leave;
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      this.#wake = null;
    }
  }
}
