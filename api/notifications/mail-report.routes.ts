import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import { reportKinds, suppressionFor } from '../../domain/notifications/mail-report.ts';
import { provingSecret } from '../../domain/webhooks/inbound/verify.ts';
import { MailReports } from '../../services/notifications/mail-reports.ts';
import { readBytes } from '../body.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';

/** Bounces often bring the whole mail back; ours are small. */
const mostBytes = 1_048_576;
const bodySeconds = 15;

/** How whoever hands reports in proves it. Every mail server can, by a program or by an address with a password in it. */
const sender = { kind: 'generic', verifier: { scheme: 'basic', username: 'mail' } } as const;

const taken = z
  .object({
    kind: z.enum(reportKinds),
    outcome: z.enum(['suppressed', 'noted', 'again']).meta({
      description:
        'The address gets no more mails, it is only noted with the delivery, or it was told before and changes nothing.',
    }),
    delivery_id: z.uuid(),
  })
  .meta({ id: 'MailReportTaken' });

/** Where a mail server, or a mail provider, hands in what comes back to the sender of our mails. */
export function createMailReportRoutes({ config, database, metrics }: Services): Route[] {
  const reports = new MailReports({ database, config });
  // From zero, or the first of a kind would be no increase.
  for (const kind of reportKinds)
    if (suppressionFor(kind)) metrics.mailReports.inc({ kind, outcome: 'suppressed' }, 0);
  return [
    route({
      method: 'post',
      path: '/v1/notifications/mail-reports',
      summary: 'A mail server tells of a bounce or a complaint',
      description:
        'Takes delivery status notifications (RFC 3464) and feedback reports (RFC 5965) as they came. The caller proves itself by HTTP ' +
        'Basic: user `mail`, and a secret of `MAIL_REPORT_SECRETS` as the password. Which mail a report is about, it must prove by the ' +
        'token that the mail had in its envelope or its `Message-ID`. Told again a report changes nothing.',
      tag: 'Notifications',
      access: 'public',
      rate: 'webhook',
      provesItself: true,
      rawBody: {
        mediaTypes: ['message/rfc822'],
        description: `The message as it came, with its headers; at most ${mostBytes} bytes.`,
      },
      responses: { 200: { description: 'It is written down.', body: taken } },
      failures: [
        'webhooks.signature_missing',
        'webhooks.signature_invalid',
        'notifications.report_unreadable',
        'notifications.report_unmatched',
        'request.timeout',
      ],
      handler: async ({ ctx }) => {
        const { authorization } = ctx.headers;
        const request = { headers: { authorization }, body: Buffer.alloc(0), now: new Date() };
        provingSecret(sender, request, config.MAIL_REPORT_SECRETS);
        if (!ctx.is('message/rfc822'))
          throw new Failure('request.unsupported_media_type', 'Send the message as message/rfc822.');
        const report = await reports.take(await readBytes(ctx, bodySeconds, mostBytes));
        metrics.mailReports.inc({ kind: report.kind ?? 'unknown', outcome: report.outcome });
        if (report.outcome === 'unreadable')
          throw new Failure(
            'notifications.report_unreadable',
            'This is neither a delivery status notification nor a feedback report.',
          );
        if (report.outcome === 'unmatched')
          throw new Failure(
            'notifications.report_unmatched',
            'It proves of no mail of ours that it is about it, or that mail is not known any more.',
          );
        const { kind, outcome, deliveryId } = report;
        return { status: 200, body: { kind, outcome, delivery_id: deliveryId } };
      },
    }),
  ];
}
