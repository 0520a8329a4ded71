import type { Database } from '../../db/database.ts';
import { takeReport, type ReportOutcome } from '../../db/notifications/mail-reports.ts';
import { readReport, type ReportKind } from '../../domain/notifications/mail-report.ts';
import { MailTokens } from '../../domain/notifications/mail-tokens.ts';
import type { Config } from '../../platform/config.ts';
import { readReportMessage } from '../../platform/mail/read-report.ts';

/** What a message has come to. */
export type ReportTaken =
  | { outcome: ReportOutcome; kind: ReportKind; deliveryId: string }
  /** It tells of no mail of ours that is still known, or of several. */
  | { outcome: 'unmatched'; kind: ReportKind }
  /** It is no report. */
  | { outcome: 'unreadable'; kind: null };

/** Takes in what is told of mails after the mail server has taken them over. */
export class MailReports {
  readonly #database: Database;
  readonly #tokens: MailTokens;

  constructor({ database, config }: { database: Database; config: Pick<Config, 'ENCRYPTION_KEYS'> }) {
    this.#database = database;
    this.#tokens = new MailTokens(config.ENCRYPTION_KEYS);
  }

  /** @param raw the message as it came; nothing in it is believed but the token that we have given its mail */
  async take(raw: Buffer): Promise<ReportTaken> {
    const message = await readReportMessage(raw);
    const report = message && readReport(message);
    if (!report) return { outcome: 'unreadable', kind: null };
    const { names, ...told } = report;
    const [deliveryId, ...others] = new Set(
      names.map((name) => this.#tokens.read(name)).filter((id) => id !== null),
    );
    const outcome =
      deliveryId === undefined || others.length > 0
        ? null
        : await this.#database.transaction('notifications', (transaction) =>
            takeReport(transaction, deliveryId, told),
          );
    return deliveryId === undefined || outcome === null
      ? { outcome: 'unmatched', kind: told.kind }
      : { outcome, kind: told.kind, deliveryId };
  }
}
