import type { Database } from '../db/database.ts';
import { noticesChannel } from '../db/notifications/notices.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { MailDispatcher } from '../services/notifications/mail-dispatcher.ts';
import type { MailSender } from '../services/notifications/mail-sender.ts';
import { DueWork } from './due-work.ts';

/** Sends the mails of notices, in a worker of the domain. Any number of processes may do so. */
export class NotificationSending {
  readonly #work: DueWork;

  constructor(parts: { database: Database; sender: MailSender; log: Logger; metrics: Metrics }) {
    const dispatcher = new MailDispatcher({ ...parts, onDone: () => this.#work.wake() });
    this.#work = new DueWork({
      ...parts,
      domain: 'notifications',
      channel: noticesChannel,
      name: 'notification-sending',
      dispatcher,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Takes nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    await this.#work.stop();
  }
}
