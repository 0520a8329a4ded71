import { setTimeout as pause } from 'node:timers/promises';
import { withoutLogFacts } from '../../platform/log-context.ts';
import type { Logger } from '../../platform/log.ts';

/** Something whose every change raises its revision. */
export interface Revised {
  id: string;
  revision: number;
}

const everyMilliseconds = 250;

interface Watcher<T> {
  revision: number;
  tell: (item: T) => void;
}

/**
 * Follows rows as they change: one query a quarter of a second for everything that this process watches, however many
 * callers there are, and none while nobody does. It asks the database and not the workflow, so it goes on wherever the
 * caller reconnects and whatever has died in between.
 */
export class ProgressFeed<T extends Revised> {
  readonly #load: (known: ReadonlyMap<string, number>) => Promise<T[]>;
  readonly #log: Logger;
  readonly #watchers = new Map<string, Set<Watcher<T>>>();
  #polling = false;

  /** @param load gives those of the watched items that are newer than the given revisions */
  constructor(load: (known: ReadonlyMap<string, number>) => Promise<T[]>, log: Logger) {
    this.#load = load;
    this.#log = log;
  }

  /** Waits for an item to become newer than a revision; null when it has not within the time. */
  async next(id: string, revision: number, milliseconds: number, signal: AbortSignal): Promise<T | null> {
    const { promise, resolve } = Promise.withResolvers<T | null>();
    const watcher: Watcher<T> = { revision, tell: resolve };
    const timer = setTimeout(() => resolve(null), milliseconds);
    const leave = (): void => resolve(null);
    signal.addEventListener('abort', leave, { once: true });
    const all = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, all.add(watcher));
    // It goes on for other callers when this one has gone.
    void withoutLogFacts(() => this.#poll());
    try {
      return signal.aborted ? null : await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      all.delete(watcher);
      if (all.size === 0 && this.#watchers.get(id) === all) this.#watchers.delete(id);
    }
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    while (this.#watchers.size > 0) {
      try {
        for (const item of await this.#load(this.#oldest())) this.#tell(item);
      } catch (error) {
        this.#log.warn({ err: error }, 'progress cannot be read; it will be tried again');
      }
      await pause(everyMilliseconds);
    }
    this.#polling = false;
  }

  /** What the least informed watcher of each item knows. */
  #oldest(): Map<string, number> {
    return new Map(
      [...this.#watchers].map(([id, all]) => [id, Math.min(...[...all].map(({ revision }) => revision))]),
    );
  }

  #tell(item: T): void {
    for (const watcher of this.#watchers.get(item.id) ?? []) {
      if (item.revision > watcher.revision) watcher.tell(item);
    }
  }
}
