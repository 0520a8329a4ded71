import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { route, type Route } from '../route.ts';

const page = readFileSync(new URL('./page/account.html', import.meta.url), 'utf8');

/** The page may run its own script and style, known by their hashes, and call this API. Nothing else. */
const policy = [
  "default-src 'none'",
  `script-src ${hashOf('script')}`,
  `style-src ${hashOf('style')}`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Where the links of account mails lead: a page that sends the token on. The token stands behind the #, so no log has it. */
export function createAccountPageRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/account/:action',
      summary: 'The page that the links of account mails open',
      tag: 'Registration',
      access: 'public',
      rate: 'read',
      params: z.strictObject({ action: z.enum(['verify', 'reset', 'confirm-email', 'join']) }),
      responses: { 200: { description: 'The page.', mediaType: 'text/html' } },
      handler: async () => ({
        status: 200,
        headers: { 'Content-Security-Policy': policy, 'Referrer-Policy': 'no-referrer' },
        stream: { content: Readable.from([page]), mediaType: 'text/html; charset=utf-8' },
      }),
    }),
  ];
}

function hashOf(element: 'script' | 'style'): string {
  const text = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(page)?.[1] ?? '';
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
