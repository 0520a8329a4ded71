import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { claimMails, claimSeconds, nextDueMs, type ClaimedMail } from '../../db/notifications/claims.ts';
import {
  attemptOutcomes,
  holdMail,
  noteLostAttempt,
  settleMail,
  type MailResult,
} from '../../db/notifications/results.ts';
import { mostUnknown } from '../../domain/notifications/mail-outcome.ts';
import type { Logger } from '../../platform/log.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { isBusy, isOutage } from '../../platform/outage.ts';
import type { Held, MailSender } from './mail-sender.ts';

/** Mails that one process has under way at once: a mail server takes only so many connections from one client. */
const mostUnderWay = 5;

const retryMilliseconds = 250;

/** Until a mail is tried again that failed on our side, because a database is away, say: at least, at most. */
const shortestPutBack = 10_000;
const longestPutBack = 600_000;

interface MailDispatcherParts {
  database: Database;
  sender: MailSender;
  log: Logger;
  metrics: Metrics;
  /** One is done, so that there is room for more. */
  onDone: () => void;
}

/** Takes mails that are due and sends them. */
export class MailDispatcher {
  readonly #parts: MailDispatcherParts;
  readonly #underWay = new Set<Promise<void>>();
  /** The tenant that the last look ended with. */
  #reached: string | null = null;

  constructor(parts: MailDispatcherParts) {
    this.#parts = parts;
    // From zero, or the first of a kind would be no increase.
    for (const outcome of attemptOutcomes) parts.metrics.noticeMails.inc({ outcome }, 0);
  }

  /**
   * One look for what is due. Sends it without waiting for the answers.
   *
   * @returns how many were taken, and in how many milliseconds something is due; null when nothing is known of
   */
  async once(): Promise<{ taken: number; nextMs: number | null }> {
    const room = mostUnderWay - this.#underWay.size;
    if (room <= 0) return { taken: 0, nextMs: null };
    const nextMs = await this.#parts.database.read('notifications', ({ sql }) => nextDueMs(sql));
    if (nextMs === null || nextMs > 0) return { taken: 0, nextMs };
    const { mails, reached } = await this.#parts.database.transaction(
      'notifications',
      async (transaction) => {
        const claimed = await claimMails(transaction.sql, room, this.#reached);
        for (const mail of claimed.mails) await noteLostAttempt(transaction, mail, isOver(mail));
        return claimed;
      },
    );
    this.#reached = reached;
    for (const mail of mails.filter((one) => !isOver(one))) this.#start(mail);
    // What is due and was not to be had, others are just taking.
    return { taken: mails.length, nextMs: null };
  }

  /** When all that was taken is sent and written down. */
  async done(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #start(mail: ClaimedMail): void {
    const work = this.#send(mail).finally(() => {
      this.#underWay.delete(work);
      this.#parts.onDone();
    });
    this.#underWay.add(work);
  }

  async #send(mail: ClaimedMail): Promise<void> {
    const until = performance.now() + claimSeconds * 1_000;
    const result = await this.#attempt(mail);
    try {
      if ('until' in result) await this.#putBack(mail, result.until);
      else await this.#settle(result, until);
    } catch (error) {
      // The claim runs out, and what has come of the mail counts as unknown.
      this.#parts.log.error({ err: error, ...factsOf(mail) }, 'what has come of a mail could not be written');
    }
  }

  /** What fails on our side, because a database is away, say, is no attempt: the mail is tried again, and ever more rarely. */
  async #attempt(mail: ClaimedMail): Promise<MailResult | Held> {
    const { sender, log } = this.#parts;
    try {
      return await sender.send(mail);
    } catch (error) {
      log.error({ err: error, ...factsOf(mail) }, 'a notice could not be sent by mail');
      const waited = (Date.now() - mail.createdAt.getTime()) / 10;
      const wait = Math.min(Math.max(waited, shortestPutBack), longestPutBack);
      return { until: new Date(Date.now() + wait) };
    }
  }

  async #putBack(mail: ClaimedMail, until: Date): Promise<void> {
    await this.#parts.database.transaction('notifications', ({ sql }) => holdMail(sql, mail, until));
  }

  /** While the database is away a result is kept as long as its claim holds: without it the mail would go out twice. */
  async #settle(result: MailResult, until: number): Promise<void> {
    const { database, log, metrics } = this.#parts;
    const facts = factsOf(result.mail);
    metrics.noticeMails.inc({ outcome: result.outcome });
    for (;;) {
      try {
        const counted = await database.transaction('notifications', (transaction) =>
          settleMail(transaction, result),
        );
        if (!counted)
          log.warn(facts, 'a mail was sent after its claim was lost; its attempt counts for nothing');
        return;
      } catch (error) {
        if (!(isOutage(error) || isBusy(error)) || performance.now() > until) throw error;
        log.warn({ ...facts, err: error }, 'the result of a mail could not be written yet');
        await pause(retryMilliseconds);
      }
    }
  }
}

/** Twice nobody knows whether it was taken: it is not sent a third time. */
function isOver({ unknown, lostSince }: ClaimedMail): boolean {
  return lostSince !== null && unknown > mostUnknown;
}

function factsOf({ id, tenantId }: ClaimedMail): { delivery_id: string; tenant_id: string } {
  return { delivery_id: id, tenant_id: tenantId };
}
