import type { Database } from '../db/database.ts';
import { messagesChannel } from '../db/webhooks/fan-out.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { Dispatcher } from '../services/webhooks/dispatcher.ts';
import type { Sender } from '../services/webhooks/sender.ts';
import { DueWork } from './due-work.ts';

/** Sends the messages to endpoints, in a worker of the domain. Any number of processes may do so. */
export class WebhookSending {
  readonly #work: DueWork;
  readonly #sender: Sender;

  /** @param parts.sweepMilliseconds between looks for what no notice has told of */
  constructor(parts: {
    database: Database;
    sender: Sender;
    log: Logger;
    metrics: Metrics;
    sweepMilliseconds?: number;
  }) {
    const dispatcher = new Dispatcher({ ...parts, onSettled: () => this.#work.wake() });
    this.#sender = parts.sender;
    this.#work = new DueWork({
      ...parts,
      domain: 'webhooks',
      channel: messagesChannel,
      name: 'webhook-sending',
      dispatcher,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Takes nothing more, and waits for what is under way: 15 seconds at most. */
  async stop(): Promise<void> {
    await this.#work.stop();
    await this.#sender.close();
  }
}
