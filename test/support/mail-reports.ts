/** What a mail server sends back of a mail, or a provider of its reader. */
export interface ReportOptions {
  /** The address it is sent to; the one that a mail server would have taken from the envelope. */
  to?: string;
  action?: string;
  status?: string;
  diagnosis?: string;
  envelopeId?: string;
  /** `message/rfc822` with the mail whole, `text/rfc822-headers`, or nothing of it. */
  returned?: 'message/rfc822' | 'text/rfc822-headers' | null;
  feedback?: string;
}

const lines = (...given: (string | null)[]): string => given.filter((line) => line !== null).join('\r\n');

/** A delivery status notification (RFC 3464) as Postfix writes it. */
export function bounceOf(mail: string, options: ReportOptions = {}): string {
  const { action = 'failed', status = '5.1.1', envelopeId } = options;
  const { diagnosis = `smtp; 550 ${status} <ada.lovelace@example.com>: Recipient address rejected` } =
    options;
  return reportOf(
    'delivery-status',
    lines(
      'Content-Description: Delivery report',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.net',
      envelopeId ? `Original-Envelope-Id: ${envelopeId}` : null,
      'X-Postfix-Queue-ID: 4DZqXk2vYhz9rxS',
      '',
      'Final-Recipient: rfc822; ada.lovelace@example.com',
      `Action: ${action}`,
      `Status: ${status}`,
      'Remote-MTA: dns; mail.example.com',
      `Diagnostic-Code: ${diagnosis}`,
    ),
    mail,
    options,
  );
}

/** A feedback report (RFC 5965). */
export function complaintOf(mail: string, options: ReportOptions = {}): string {
  return reportOf(
    'feedback-report',
    lines(
      'Content-Type: message/feedback-report',
      '',
      `Feedback-Type: ${options.feedback ?? 'abuse'}`,
      'User-Agent: SomeGenerator/1.0',
      'Version: 1',
      options.envelopeId ? `Original-Envelope-Id: ${options.envelopeId}` : null,
    ),
    mail,
    options,
  );
}

function reportOf(
  type: string,
  part: string,
  mail: string,
  { to = 'postmaster@perdure.example', returned = 'message/rfc822' }: ReportOptions,
): string {
  const whole = returned === 'message/rfc822' ? mail : mail.split('\r\n\r\n')[0];
  return lines(
    'Return-Path: <>',
    'From: Mail Delivery System <MAILER-DAEMON@mx.example.net>',
    `To: ${to}`,
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=${type};`,
    '\tboundary="4DZqXk2vYhz9rxS.1/mx"',
    '',
    'This is a MIME-encapsulated message.',
    '',
    '--4DZqXk2vYhz9rxS.1/mx',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'I am sorry to have to inform you that your message could not be delivered.',
    '',
    '--4DZqXk2vYhz9rxS.1/mx',
    part,
    '',
    ...(returned ? ['--4DZqXk2vYhz9rxS.1/mx', `Content-Type: ${returned}`, '', whole ?? ''] : []),
    '--4DZqXk2vYhz9rxS.1/mx--',
    '',
  );
}
