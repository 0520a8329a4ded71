import validator from 'validator';
import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import { listMails, readMail, type Mail, type MailEntry } from '../../platform/local/mailbox.ts';
import { route, type Route } from '../route.ts';
import { mailBody, page } from './page.ts';

const mailEntry = z
  .object({ id: z.uuid(), received_at: z.iso.datetime(), to: z.array(z.string()), subject: z.string() })
  .meta({ id: 'DevelopmentMail' });

/** Only in development: the mails that would have gone out, for a person and for scripts. */
export function createMailRoutes(folder: string): Route[] {
  return [
    route({
      method: 'get',
      path: '/dev/mail',
      summary: 'The mails that would have gone out, as a page',
      tag: 'Development',
      access: 'public',
      rate: 'system',
      responses: { 200: { description: 'A page.', mediaType: 'text/html' } },
      handler: async () => page('Mail', listPage(await listMails(folder, { limit: 200 }))),
    }),
    route({
      method: 'get',
      path: '/dev/mail.json',
      summary: 'The mails that would have gone out',
      tag: 'Development',
      access: 'public',
      rate: 'system',
      query: z.strictObject({ to: z.string().max(320).optional() }),
      responses: { 200: { description: 'Newest first.', body: z.object({ items: z.array(mailEntry) }) } },
      handler: async ({ query: { to } }) => {
        const mails = await listMails(folder, to === undefined ? {} : { to });
        const items = mails.map((mail) => ({
          id: mail.id,
          received_at: mail.receivedAt,
          to: mail.to,
          subject: mail.subject,
        }));
        return { status: 200, body: { items } };
      },
    }),
    route({
      method: 'get',
      path: '/dev/mail/:id',
      summary: 'One mail, as a page',
      tag: 'Development',
      access: 'public',
      rate: 'system',
      params: z.object({ id: z.uuid() }),
      responses: { 200: { description: 'A page.', mediaType: 'text/html' } },
      handler: async ({ params: { id } }) => {
        const mail = await readMail(folder, id);
        if (!mail) throw new Failure('request.not_found', 'There is no such mail.');
        return page(mail.subject, mailPage(mail));
      },
    }),
  ];
}

const { escape } = validator;

function listPage(mails: readonly MailEntry[]): string {
  if (mails.length === 0) return '<p>No mail yet.</p>';
  const rows = mails.map(
    (mail) =>
      `<tr><td><a href="/dev/mail/${mail.id}">${escape(mail.subject)}</a></td><td>${escape(mail.to.join(', '))}</td><td>${mail.receivedAt}</td></tr>`,
  );
  return `<table><tr><th>Subject</th><th>To</th><th>Received</th></tr>${rows.join('')}</table>`;
}

function mailPage(mail: Mail): string {
  return `<p><a href="/dev/mail">All mail</a></p>
    <p>From ${escape(mail.from)} to ${escape(mail.to.join(', '))}, ${mail.receivedAt}</p>
    ${mailBody(mail)}`;
}
