import type { Database } from '../db/database.ts';
import { hearNotices } from '../db/hear-notices.ts';
import type { Domain } from '../domain/domains.ts';
import type { Logger } from '../platform/log.ts';
import { WakeUps } from './wake-ups.ts';

interface Dispatcher {
  /** One look for what is due: how many were taken, and in how many milliseconds something more is due; null when nothing is known of. */
  once(): Promise<{ taken: number; nextMs: number | null }>;
  /** When all that was taken is done. */
  done(): Promise<void>;
}

interface DueWorkParts {
  domain: Domain;
  /** On which commits tell that there is something to do. */
  channel: string;
  name: string;
  dispatcher: Dispatcher;
  database: Database;
  log: Logger;
  /** Between looks for what no notice has told of. */
  sweepMilliseconds?: number;
}

/**
 * Does what rows of a domain say is due: at once when a commit gives notice, exactly when the next is due, and by a sweep for what a lost
 * notice or a dead process left behind. Any number of processes may do so.
 */
export class DueWork {
  readonly #parts: DueWorkParts;
  readonly #stop = new AbortController();
  readonly #wakeUps = new WakeUps(this.#stop.signal);
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: DueWorkParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = Promise.all([this.#work(), this.#listen()]);
  }

  /** There may be something to do. */
  wake(): void {
    this.#wakeUps.notify('due');
  }

  /** Takes nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#parts.dispatcher.done();
  }

  async #work(): Promise<void> {
    const { dispatcher, log, name, sweepMilliseconds = 1_000 } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const seen = this.#wakeUps.count('due');
      let wait = sweepMilliseconds;
      try {
        const { taken, nextMs } = await dispatcher.once();
        if (taken > 0 || nextMs === 0) continue;
        // Not less than that: a clock that is a little ahead would look again and again.
        if (nextMs !== null) wait = Math.min(wait, Math.max(nextMs, 5));
      } catch (error) {
        log.warn({ err: error, name }, 'what is due cannot be read');
      }
      await this.#wakeUps.pause('due', wait, seen);
    }
  }

  async #listen(): Promise<void> {
    const { database, log, domain, channel, name } = this.#parts;
    await hearNotices({
      url: database.urlOf(domain),
      channel,
      applicationName: name,
      stop: this.#stop.signal,
      onListening: () => this.wake(),
      onNotice: () => this.wake(),
      onProblem: (error) =>
        log.warn({ err: error, name }, 'what becomes due cannot be listened for; sweeping goes on'),
    });
  }
}
