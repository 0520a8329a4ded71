import type { Database } from '../db/database.ts';
import { hearNotices } from '../db/hear-notices.ts';
import { messagesChannel } from '../db/webhooks/fan-out.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { Dispatcher } from '../services/webhooks/dispatcher.ts';
import type { Sender } from '../services/webhooks/sender.ts';
import { WakeUps } from './wake-ups.ts';

interface SendingParts {
  database: Database;
  sender: Sender;
  log: Logger;
  metrics: Metrics;
  /** Between looks for what no notice has told of. */
  sweepMilliseconds?: number;
}

/**
 * Sends the messages to endpoints, in a worker of the domain: at once when a commit gives notice, exactly when the next
 * attempt is due, and by a sweep for what a lost notice or a dead process left behind. Any number of processes may do so.
 */
export class WebhookSending {
  readonly #parts: SendingParts;
  readonly #dispatcher: Dispatcher;
  readonly #stop = new AbortController();
  readonly #wakeUps = new WakeUps(this.#stop.signal);
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: SendingParts) {
    this.#parts = parts;
    this.#dispatcher = new Dispatcher({ ...parts, onSettled: () => this.#wakeUps.notify('due') });
  }

  start(): void {
    this.#running = Promise.all([this.#send(), this.#listen()]);
  }

  /** Takes nothing more, and waits for what is under way: 15 seconds at most. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#dispatcher.done();
    await this.#parts.sender.close();
  }

  async #send(): Promise<void> {
    const { log, sweepMilliseconds = 1_000 } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const seen = this.#wakeUps.count('due');
      let wait = sweepMilliseconds;
      try {
        const { taken, nextMs } = await this.#dispatcher.once();
        if (taken > 0 || nextMs === 0) continue;
        // Not less than that: a clock that is a little ahead would look again and again.
        if (nextMs !== null) wait = Math.min(wait, Math.max(nextMs, 5));
      } catch (error) {
        log.warn({ err: error }, 'messages to endpoints cannot be read');
      }
      await this.#wakeUps.pause('due', wait, seen);
    }
  }

  async #listen(): Promise<void> {
    const { database, log } = this.#parts;
    await hearNotices({
      url: database.urlOf('webhooks'),
      channel: messagesChannel,
      applicationName: 'webhook-sending',
      stop: this.#stop.signal,
      onListening: () => this.#wakeUps.notify('due'),
      onNotice: () => this.#wakeUps.notify('due'),
      onProblem: (error) =>
        log.warn({ err: error }, 'messages to endpoints cannot be listened for; sweeping goes on'),
    });
  }
}
