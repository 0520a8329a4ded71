import validator from 'validator';
import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import {
  canUnsubscribe,
  categories,
  categoryRules,
  type Category,
} from '../../domain/notifications/categories.ts';
import { exampleNotices } from '../../domain/notifications/examples.ts';
import { gatheredMail } from '../../domain/notifications/gathered-mail.ts';
import { isKind, kinds, type Kind } from '../../domain/notifications/notice.ts';
import { renderMail, type MailContent } from '../../platform/mail/layout.ts';
import { route, type Route } from '../route.ts';
import { mailBody, page } from './page.ts';

const { escape } = validator;

/** Only in development: how every kind of notice reads as a mail, and how those of a category read together. */
export function createNoticePreviewRoutes(publicUrl: string): Route[] {
  const examples = exampleNotices(publicUrl);
  const names = [...Object.keys(kinds), ...categories.map((category) => `together.${category}`)];

  const previewOf = (name: string): MailContent => {
    if (isKind(name)) return withLink(examples[name], kinds[name].category);
    const category = categories.find((one) => `together.${one}` === name);
    if (!category) throw new Failure('request.not_found', 'There is no such notice.');
    const notices = (Object.keys(kinds) as Kind[])
      .filter((kind) => kinds[kind].category === category)
      .map((kind, place) => ({
        content: examples[kind],
        occurredAt: new Date(Date.UTC(2027, 0, 10, 22 + place)),
      }));
    return withLink(gatheredMail(category, notices, notices.length, 'Europe/Warsaw'), category);
  };

  const withLink = (content: MailContent, category: Category): MailContent =>
    canUnsubscribe(category)
      ? {
          ...content,
          unsubscribe: {
            label: `No more mails of this kind (${categoryRules[category].title})`,
            url: `${publicUrl}/unsubscribe/example`,
          },
        }
      : content;

  return [
    route({
      method: 'get',
      path: '/dev/notices',
      summary: 'The kinds of notices, as a page',
      tag: 'Development',
      access: 'public',
      rate: 'system',
      responses: { 200: { description: 'A page.', mediaType: 'text/html' } },
      handler: async () =>
        page('Notices', names.map((name) => `<p><a href="/dev/notices/${name}">${name}</a></p>`).join('')),
    }),
    route({
      method: 'get',
      path: '/dev/notices/:name',
      summary: 'A kind of notice as it is mailed, with example data',
      tag: 'Development',
      access: 'public',
      rate: 'system',
      params: z.object({ name: z.string().max(100) }),
      responses: { 200: { description: 'A page.', mediaType: 'text/html' } },
      failures: ['request.not_found'],
      handler: async ({ params: { name } }) => {
        const mail = renderMail(previewOf(name));
        return page(
          mail.subject,
          `<p><a href="/dev/notices">All notices</a>, ${escape(name)}</p>${mailBody(mail)}`,
        );
      },
    }),
  ];
}
