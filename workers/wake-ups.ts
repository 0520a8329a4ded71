/** Pauses that end early when there is something to do, and at once when everything stops. */
export class WakeUps {
  readonly #stop: AbortSignal;
  readonly #notices = new Map<string, number>();
  readonly #sleepers = new Map<string, Set<() => void>>();

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener('abort', () => this.#wake([...this.#sleepers.keys()]), { once: true });
  }

  /** How often a topic was notified of. Compare before pausing: a notice that came meanwhile must not be slept through. */
  count(topic: string): number {
    return this.#notices.get(topic) ?? 0;
  }

  notify(topic: string): void {
    this.#notices.set(topic, this.count(topic) + 1);
    this.#wake([topic]);
  }

  /** Waits for a notice on the topic that is not among the `seen`, for the stop, or for the time. */
  async pause(topic: string, milliseconds: number, seen = this.count(topic)): Promise<void> {
    if (this.#stop.aborted || this.count(topic) !== seen) return;
    const sleepers = this.#sleepers.get(topic) ?? new Set();
    this.#sleepers.set(topic, sleepers);
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      sleepers.add(wake);
    });
  }

  #wake(topics: readonly string[]): void {
    for (const topic of topics) for (const wake of this.#sleepers.get(topic) ?? []) wake();
  }
}
