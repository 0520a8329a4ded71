import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerAddress, type SMTPServerSession } from 'smtp-server';
import { storeMail } from './mailbox.ts';

export interface MailSink {
  /** For SMTP_URL. */
  url: string;
  port: number;
  stop(): Promise<void>;
}

export interface MailSinkOptions {
  /** The mailbox that every mail goes into, whoever it is addressed to. */
  folder: string;
  host?: string;
  /** 0 or none: a free one. */
  port?: number;
  onError?: (error: Error) => void;
}

const largestMail = 25 * 1024 * 1024;

/** Starts an SMTP server that delivers nothing and keeps everything. For development and tests, on the local host only. */
export async function startMailSink(options: MailSinkOptions): Promise<MailSink> {
  const { folder, host = '127.0.0.1', onError = () => undefined } = options;
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    size: largestMail,
    logger: false,
    // Otherwise it looks up the name of every client, and waits where there is no network.
    disableReverseLookup: true,
    closeTimeout: 1000,
    onData: (stream, session, answer) => {
      receive(folder, stream, session).then(() => answer(), answer);
    },
  });
  server.on('error', onError);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(options.port ?? 0, host, () => {
      server.server.removeListener('error', reject);
      resolve();
    });
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://${host}:${port}`,
    port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function receive(
  folder: string,
  stream: NodeJS.ReadableStream & { sizeExceeded: boolean },
  session: SMTPServerSession,
): Promise<void> {
  const raw = await buffer(stream);
  if (stream.sizeExceeded) {
    throw Object.assign(new Error('The mail is larger than 25 MB'), { responseCode: 552 });
  }
  const { mailFrom, rcptTo } = session.envelope;
  await storeMail(folder, raw, {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map((recipient: SMTPServerAddress) => recipient.address),
  });
}
