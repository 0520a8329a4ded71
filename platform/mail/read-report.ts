import PostalMime, { type Email } from 'postal-mime';
import type { ReportMessage } from '../../domain/notifications/mail-report.ts';

/** Deeper than reports are: the report, the mail that has come back, its parts. */
const mostNesting = 10;

/** Where mail servers write the address that a message has come to. */
const recipientHeaders = new Set(['to', 'delivered-to', 'x-original-to', 'envelope-to']);

/**
 * Takes apart a message that tells of another, such as a bounce.
 *
 * @param raw as it came (RFC 5322)
 * @returns null when it is no `multipart/report` (RFC 6522)
 */
export async function readReportMessage(raw: Buffer): Promise<ReportMessage | null> {
  const mail = await parse(raw);
  const type = mail?.headers.find(({ key }) => key === 'content-type')?.value ?? '';
  if (!mail || !/^\s*multipart\/report\b/i.test(type)) return null;
  return {
    recipients: mail.headers.filter(({ key }) => recipientHeaders.has(key)).map(({ value }) => value),
    parts: mail.attachments.map(({ mimeType, content }) => ({
      type: mimeType.toLowerCase(),
      text: typeof content === 'string' ? content : '',
    })),
  };
}

/** Null for what is built to be more than anybody reads: the parser refuses it. */
async function parse(raw: Buffer): Promise<Email | null> {
  try {
    return await PostalMime.parse(raw, {
      // The mail that has come back stays as it is, and nothing in it is taken for a part of the report.
      forceRfc822Attachments: true,
      attachmentEncoding: 'utf8',
      maxNestingDepth: mostNesting,
    });
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Maximum ')) return null;
    throw error;
  }
}
