import { createTransport } from 'nodemailer';
import { Failure } from '../../domain/failure.ts';
import type { Logger } from '../log.ts';
import type { RenderedMail } from './layout.ts';

export interface OutgoingMail extends RenderedMail {
  to: string;
  /** Names the mail for good: the same one sent twice has the same `Message-ID`, and programs show it once. */
  id: string;
}

export interface Mailer {
  /**
   * Hands a mail to the mail server. An address that the server refuses for good gets none, which is logged: no repetition
   * mends it, and the mails behind it (a notice that the account was changed, say) must not wait for one.
   *
   * @throws Failure `service.unavailable` when the server can't be reached or asks to come back later
   */
  send(mail: OutgoingMail): Promise<void>;
}

/** Sends by SMTP, each mail over a connection of its own, so that none is left open when the process ends. */
export function createMailer(
  config: { SMTP_URL: string; MAIL_FROM: string },
  log: Pick<Logger, 'warn'>,
): Mailer {
  const transport = createTransport({
    url: config.SMTP_URL,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
  });
  const host = /@([^>\s]+)>?\s*$/.exec(config.MAIL_FROM)?.[1] ?? 'localhost';
  return {
    async send({ to, id, subject, text, html }) {
      try {
        await transport.sendMail({
          from: config.MAIL_FROM,
          // As an object: an address is never parsed again, where it could become two.
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${id}@${host}>`,
          // RFC 3834: no out-of-office replies, please.
          headers: { 'Auto-Submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
      } catch (error) {
        if (isPassing(error)) {
          throw new Failure('service.unavailable', 'The mail server is not reachable.', { retryAfter: 5 });
        }
        if (!isRefusedAddress(error)) throw error;
        const { responseCode } = error as { responseCode: number };
        log.warn({ mail_id: id, response: responseCode }, 'the mail server refuses the address of a mail');
      }
    },
  };
}

/** A lost connection, or an answer of the 4yz class (RFC 5321 §4.2.1): the same mail may pass later. */
function isPassing(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  if (responseCode !== undefined) return responseCode >= 400 && responseCode < 500;
  return ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS', 'ECONNREFUSED', 'ECONNRESET'].includes(code ?? '');
}

/** An answer of the 5yz class to `RCPT TO`: there is no such mailbox, or it takes nothing from us. */
function isRefusedAddress(error: unknown): boolean {
  const { rejected, responseCode = 0 } = error as { rejected?: unknown[]; responseCode?: number };
  return rejected !== undefined && rejected.length > 0 && responseCode >= 500 && responseCode < 600;
}
