import { createTransport, type SendMailOptions } from 'nodemailer';
import {
  speaksOfMailbox,
  withoutAddresses,
  type MailOutcome,
} from '../../domain/notifications/mail-outcome.ts';
import type { RenderedMail } from './layout.ts';

export interface OutgoingMail extends RenderedMail {
  to: string;
  /**
   * Names the mail for good, in its `Message-ID` and its envelope. The same one sent twice has the same name, and programs show it once;
   * what is told of it later is told by this name.
   */
  id: string;
  /** Where a program unsubscribes the reader by one POST (RFC 8058). */
  oneClickUrl?: string;
}

export interface Mailer {
  /** Hands a mail to the mail server and tells what came of it, within `mailSeconds`. It raises nothing but bugs. */
  send(mail: OutgoingMail): Promise<MailOutcome>;
}

export interface MailerConfig {
  SMTP_URL: string;
  MAIL_FROM: string;
  MAIL_RETURN_PATH?: string | undefined;
  DKIM_DOMAIN?: string | undefined;
  DKIM_SELECTOR?: string | undefined;
  DKIM_PRIVATE_KEY?: string | undefined;
}

/** Longest time that one mail takes. After it nothing more of it goes out. */
const mailSeconds = 30;

/**
 * The headers that the signature covers: what RFC 6376 §5.4.1 names, and both headers of one-click unsubscription, without which
 * that is not heeded (RFC 8058 §4).
 */
const signedHeaders = [
  'From',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'To',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
].join(':');

/** What servers that know RFC 3461 are asked to tell of a mail: what goes wrong, and without the mail, as it may hold links with secrets. */
const wantedReports: { ret: 'HDRS'; notify: ('FAILURE' | 'DELAY')[] } = {
  ret: 'HDRS',
  notify: ['FAILURE', 'DELAY'],
};

/** Sends by SMTP, each mail over a connection of its own, so that none is left open when the process ends. */
export function createMailer(config: MailerConfig): Mailer {
  const { DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY } = config;
  const transport = createTransport({
    url: config.SMTP_URL,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 15_000,
    ...(DKIM_DOMAIN && DKIM_SELECTOR && DKIM_PRIVATE_KEY
      ? {
          dkim: {
            domainName: DKIM_DOMAIN,
            keySelector: DKIM_SELECTOR,
            privateKey: DKIM_PRIVATE_KEY,
            headerFieldNames: signedHeaders,
          },
        }
      : {}),
  });
  const handedOver = new Set<unknown>();
  // Once the connection has read all of a mail, the server may have taken it, whatever else goes wrong.
  transport.use('stream', ({ message, data }, done) => {
    const read = message.createReadStream.bind(message);
    message.createReadStream = (...given) => read(...given).once('end', () => handedOver.add(data.messageId));
    done();
  });
  const returnPath = /^(.+)@(.+)$/.exec(config.MAIL_RETURN_PATH ?? '');
  const host = /@([^>\s]+)>?\s*$/.exec(config.MAIL_FROM)?.[1] ?? 'localhost';
  return {
    async send(mail) {
      if (!canStandInCommand(mail.to)) return noAddress;
      const messageId = `<${mail.id}@${host}>`;
      const returnTo = returnPath && `${returnPath[1]}+${mail.id}@${returnPath[2]}`;
      try {
        const { response } = await transport.sendMail({
          ...optionsOf(mail),
          from: config.MAIL_FROM,
          messageId,
          ...(returnTo ? { envelope: envelopeOf(returnTo, mail.to) } : {}),
          dsn: { ...wantedReports, envid: mail.id },
          signal: AbortSignal.timeout(mailSeconds * 1_000),
        });
        return { kind: 'sent', status: statusOf(response) ?? 250, answer: withoutAddresses(response) };
      } catch (error) {
        return outcomeOf(error, handedOver.has(messageId));
      } finally {
        handedOver.delete(messageId);
      }
    },
  };
}

/** The recipient as an object here too, which the types do not know of. */
function envelopeOf(from: string, address: string): { from: string; to: string } {
  return { from, to: { name: '', address } as unknown as string };
}

/** Shops pass on what their customers have typed, or nothing. A line break or a bracket would end the command `RCPT TO`. */
function canStandInCommand(address: string): boolean {
  return /^[^\r\n<>]+@[^\r\n<>]+$/.test(address);
}

const noAddress: MailOutcome = {
  kind: 'refused',
  status: null,
  answer: 'It is no address that mails go to.',
  mailbox: true,
};

function optionsOf({ to, subject, text, html, oneClickUrl }: OutgoingMail): SendMailOptions {
  return {
    // As an object: an address is never parsed again, where it could become two.
    to: { name: '', address: to },
    subject,
    text,
    html,
    headers: {
      // RFC 3834: no out-of-office replies, please.
      'Auto-Submitted': 'auto-generated',
      ...(oneClickUrl
        ? {
            'List-Unsubscribe': `<${oneClickUrl}>`,
            'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          }
        : {}),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** What nodemailer tells of a mail that was not taken. */
interface MailError {
  code?: string;
  command?: string;
  responseCode?: number;
  response?: string;
  rejected?: unknown[];
}

/** Codes of failures on the way to the server, or of our standing with it. */
const onTheWay = new Set([
  'ECONNECTION',
  'ESOCKET',
  'ETIMEDOUT',
  'EDNS',
  'ETLS',
  'EPROTOCOL',
  'EAUTH',
  'ENOAUTH',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPROXY',
]);

function outcomeOf(error: unknown, handedOver: boolean): MailOutcome {
  const { code = '', command, responseCode, response = '', rejected } = error as MailError;
  const aborted = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
  const answer = withoutAddresses(response);
  if (code === 'EAUTH') return { kind: 'unreachable', problem: 'The mail server refuses our log-in.' };
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 500)
    return { kind: 'deferred', status: responseCode, answer };
  if (responseCode !== undefined && responseCode >= 500 && responseCode < 600) {
    const atRecipient = command === 'RCPT TO' || (rejected?.length ?? 0) > 0;
    return {
      kind: 'refused',
      status: responseCode,
      answer,
      mailbox: atRecipient && speaksOfMailbox(response),
    };
  }
  if (!aborted && !onTheWay.has(code)) throw error;
  const problem = aborted ? 'It took too long.' : `The connection failed (${code}).`;
  return handedOver ? { kind: 'unknown', problem } : { kind: 'unreachable', problem };
}

function statusOf(response: string): number | null {
  const [status] = /^\d{3}/.exec(response) ?? [];
  return status === undefined ? null : Number(status);
}
