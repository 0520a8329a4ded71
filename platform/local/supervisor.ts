import { Supervised, type Part, type PartEvents } from './supervised.ts';

export interface SupervisorEvents extends PartEvents {
  /** A part or a step begins. */
  onStart(name: string): void;
  /** It serves, or is done, after this many seconds. */
  onReady(name: string, seconds: number): void;
  onStopping(name: string): void;
}

/**
 * One tree of parts: started in the order the caller awaits them, kept running, and ended in the opposite order of
 * their ranks, so that nobody loses what it stands on before it has finished.
 */
export class Supervisor {
  readonly #events: SupervisorEvents;
  readonly #parts: { rank: number; part: Supervised }[] = [];
  readonly #ending = new AbortController();
  readonly #steps: Promise<void>[] = [];
  #stopping: Promise<void> | undefined;

  constructor(events: SupervisorEvents) {
    this.#events = events;
  }

  /** Aborted as soon as the tree is told to stop. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /**
   * Starts a part and keeps it running from then on.
   *
   * @param rank what it stands on has a lower one. The highest rank ends first; equal ranks end together.
   * @throws when it can't be started for the first time.
   */
  async run(part: Part, rank: number): Promise<void> {
    this.signal.throwIfAborted();
    const supervised = new Supervised(part, this.#events);
    this.#parts.push({ rank, part: supervised });
    await this.#timed(part.name, () => supervised.start());
  }

  /** Runs one step of starting, such as the migrations. */
  async step(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.signal.throwIfAborted();
    const step = this.#timed(name, () => work(this.signal));
    this.#steps.push(step);
    await step;
  }

  /** Ends everything in order. The same promise for every call. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stopByRank());
  }

  /** Ends everything at once. Nothing is lost that was promised, but work in hand is done again. */
  kill(): void {
    this.#ending.abort(new Error('told to stop at once'));
    for (const { part } of this.#parts) part.kill();
  }

  async #timed(name: string, work: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    this.#events.onStart(name);
    await work();
    this.#events.onReady(name, (performance.now() - startedAt) / 1000);
  }

  async #stopByRank(): Promise<void> {
    this.#ending.abort(new Error('told to stop'));
    await Promise.allSettled(this.#steps);
    const ranks = [...new Set(this.#parts.map(({ rank }) => rank))].sort((a, b) => b - a);
    for (const rank of ranks) {
      const parts = this.#parts.filter((one) => one.rank === rank);
      for (const { part } of parts) this.#events.onStopping(part.name);
      await Promise.all(parts.map(({ part }) => part.stop()));
    }
  }
}
