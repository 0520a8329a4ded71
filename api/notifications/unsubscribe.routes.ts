import { Readable } from 'node:stream';
import validator from 'validator';
import { z } from 'zod';
import { suppress, tenantOfAddress } from '../../db/notifications/suppressions.ts';
import { Failure } from '../../domain/failure.ts';
import { canUnsubscribe, categoryRules, type Category } from '../../domain/notifications/categories.ts';
import { UnsubscribeTokens } from '../../domain/notifications/unsubscribe-tokens.ts';
import { readBytes } from '../body.ts';
import { route, type Reply, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const tag = 'Notifications';
const params = z.object({ token: z.string().max(200) });
const mostBytes = 10_000;
const bodySeconds = 15;

const oneClick = z.object({ 'List-Unsubscribe': z.literal('One-Click') });

/**
 * Where the links of mails lead. Mail programs and link checkers follow them, so reading the page changes nothing; what
 * unsubscribes is a POST, by the page's button or by the reader's program (RFC 8058). It needs no cookie and no log-in: the token is signed.
 */
export function createUnsubscribeRoutes({ config, database }: Services): Route[] {
  const tokens = new UnsubscribeTokens(config.ENCRYPTION_KEYS);

  const read = async (
    token: string,
  ): Promise<{ addressId: string; category: Category; tenantId: string }> => {
    const named = tokens.read(token);
    const tenantId =
      named && (await database.read('notifications', ({ sql }) => tenantOfAddress(sql, named.addressId)));
    if (!named || !tenantId || !canUnsubscribe(named.category))
      throw new Failure('notifications.link_invalid', 'This link is not one of ours, or is over.');
    return { ...named, tenantId };
  };

  return [
    route({
      method: 'get',
      path: '/unsubscribe/:token',
      summary: 'The page that a link to unsubscribe opens',
      description: 'Changes nothing.',
      tag,
      access: 'public',
      rate: 'read',
      params,
      responses: { 200: { description: 'A page with a button.', mediaType: 'text/html' } },
      failures: ['notifications.link_invalid'],
      handler: async (request) => {
        const { category } = await read(request.params.token);
        const { title } = categoryRules[category];
        return page(
          'Unsubscribe',
          `<p>You get mails about “${validator.escape(title)}”. Shall they end?</p>
           <form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
           <button>Unsubscribe</button></form>`,
        );
      },
    }),
    route({
      method: 'post',
      path: '/unsubscribe/:token',
      summary: 'Unsubscribe by one click',
      description:
        'RFC 8058: mail programs send `List-Unsubscribe=One-Click`. The address gets no more mails of the category; to do it again changes nothing.',
      tag,
      access: 'public',
      // Large mail providers send those of all their users from a few addresses.
      rate: 'webhook',
      params,
      rawBody: {
        mediaTypes: ['application/x-www-form-urlencoded', 'multipart/form-data'],
        description: 'What RFC 8058 has mail programs send.',
        schema: oneClick,
      },
      responses: { 200: { description: 'A page that says so.', mediaType: 'text/html' } },
      failures: ['notifications.link_invalid', 'request.timeout'],
      handler: async ({ params: { token }, ctx }) => {
        const { addressId, category, tenantId } = await read(token);
        if (!ctx.is('urlencoded', 'multipart'))
          throw new Failure('request.unsupported_media_type', 'Send List-Unsubscribe=One-Click as a form.');
        const body = (await readBytes(ctx, bodySeconds, mostBytes)).toString('utf8');
        if (!isOneClick(body))
          throw new Failure('request.invalid', 'The body is not List-Unsubscribe=One-Click.');
        await database.transaction('notifications', async (transaction) => {
          await suppress(transaction, {
            tenantId,
            addressId,
            category,
            reason: 'unsubscribe',
            detail: null,
            createdBy: null,
          });
        });
        return page(
          'You are unsubscribed',
          `<p>You get no more mails about “${validator.escape(categoryRules[category].title)}”.</p>`,
        );
      },
    }),
  ];
}

/** In either form that a form may have. */
function isOneClick(body: string): boolean {
  return (
    new URLSearchParams(body).get('List-Unsubscribe') === 'One-Click' ||
    /name="List-Unsubscribe"\r\n(?:[^\r\n]+\r\n)*\r\nOne-Click\r\n/.test(body)
  );
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

function page(title: string, body: string): Reply {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
    <meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
    <style>body{font-family:system-ui;margin:3rem auto;max-width:30rem;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style>
    </head><body><h1>${title}</h1>${body}</body></html>`;
  return {
    status: 200,
    headers: { 'Content-Security-Policy': policy },
    stream: { content: Readable.from([html]), mediaType: 'text/html; charset=utf-8' },
  };
}
