import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { Domain } from '../domain/domains.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { cronWork } from './cron.ts';
import { measureSchedule, measureWaits } from './lateness-figures.ts';
import { measureQueue } from './queue-figures.ts';
import { WakeUps } from './wake-ups.ts';

interface FigureParts {
  client: Client;
  database: Database;
  domains: readonly Domain[];
  metrics: Metrics;
  log: Logger;
}

const everyMilliseconds = 15_000;
const callMilliseconds = 5_000;

/** Keeps the figures current that must be asked for: queues and schedules of the service, and what waits in our rows. */
export class Figures {
  readonly #parts: FigureParts;
  readonly #stop = new AbortController();
  readonly #wakeUps = new WakeUps(this.#stop.signal);
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FigureParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const domain of this.#parts.domains) {
        // Each may take seconds where the service is away, and a process that is to end has few.
        if (this.#stop.signal.aborted) return;
        await this.#measure(domain);
      }
      await this.#wakeUps.pause('figures', everyMilliseconds);
    }
  }

  async #measure(domain: Domain): Promise<void> {
    const { client, database, metrics, log } = this.#parts;
    try {
      await measureWaits(database, domain, metrics);
      await client.withDeadline(Date.now() + callMilliseconds, async () => {
        await measureQueue(client, domain, metrics);
        for (const work of cronWork.filter((one) => one.domain === domain))
          await measureSchedule(client, work, metrics);
      });
    } catch (error) {
      log.warn({ err: error, domain }, 'figures could not be measured; the last ones stand');
    }
  }
}
