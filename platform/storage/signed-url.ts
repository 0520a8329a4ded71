import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import { parseObjectKey } from './object-storage.ts';

/** Path of the API under which the folder's links are served. */
const OBJECTS_PATH = '/v1/objects/';

/** What a link of the folder storage permits: one method on one object, until `expires`. */
export type ObjectGrant =
  | { method: 'PUT'; key: string; expires: number; maxBytes: number; contentType: string }
  | { method: 'GET'; key: string; expires: number; filename: string };

const expires = z.coerce.number().int().positive();

/** Strict: a parameter that is not signed must not be there. */
const grantQuery = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal('PUT'),
    expires,
    max_bytes: z.coerce.number().int().nonnegative(),
    content_type: z.string().min(1),
    signature: z.string(),
  }),
  z.strictObject({
    method: z.literal('GET'),
    expires,
    filename: z.string().min(1),
    signature: z.string(),
  }),
]);

/** JSON of a fixed order: no two grants share one text, whatever their values hold. */
function signature(secret: string, grant: ObjectGrant): string {
  const facts =
    grant.method === 'PUT'
      ? ['PUT', grant.key, grant.expires, grant.maxBytes, grant.contentType]
      : ['GET', grant.key, grant.expires, grant.filename];
  return createHmac('sha256', secret).update(JSON.stringify(facts)).digest('base64url');
}

/**
 * Makes a link to `/v1/objects/<key>` that carries its own permission: an HMAC-SHA-256 over the method, the key, the
 * time of expiry (Unix seconds) and the limits.
 * @param baseUrl where the API is reached, such as `https://api.example.com`; it is not part of what is signed, so
 *   that a link works through any proxy.
 */
export function signObjectUrl(baseUrl: string, secret: string, grant: ObjectGrant): string {
  const url = new URL(OBJECTS_PATH + grant.key, baseUrl);
  url.searchParams.set('method', grant.method);
  url.searchParams.set('expires', String(grant.expires));
  if (grant.method === 'PUT') {
    url.searchParams.set('max_bytes', String(grant.maxBytes));
    url.searchParams.set('content_type', grant.contentType);
  } else {
    url.searchParams.set('filename', grant.filename);
  }
  url.searchParams.set('signature', signature(secret, grant));
  return url.href;
}

/**
 * Checks a request to a signed link and returns what it permits.
 * @param method the request's method; HEAD counts as GET.
 * @param url the request's path and query, or the whole URL.
 * @throws Failure `storage.link_invalid` if anything was altered or the method differs, `storage.link_expired` when
 *   its time has passed. An altered link is always invalid, never expired.
 */
export function verifyObjectUrl(secret: string, method: string, url: string, now = new Date()): ObjectGrant {
  const invalid = new Failure(
    'storage.link_invalid',
    'This link is not valid: it was altered or is incomplete.',
  );
  // The raw path is compared, before URL parsing can fold `..` or `%2e%2e` out of it.
  const rawPath = url.replace(/^[a-z]+:\/\/[^/]*/i, '').split('?')[0] ?? '';
  const query = grantQuery.safeParse(Object.fromEntries(new URL(url, 'http://localhost').searchParams));
  if (!rawPath.startsWith(OBJECTS_PATH) || !query.success) throw invalid;

  const { data } = query;
  const key = rawPath.slice(OBJECTS_PATH.length);
  const grant: ObjectGrant =
    data.method === 'PUT'
      ? {
          method: 'PUT',
          key,
          expires: data.expires,
          maxBytes: data.max_bytes,
          contentType: data.content_type,
        }
      : { method: 'GET', key, expires: data.expires, filename: data.filename };

  const expected = Buffer.from(signature(secret, grant));
  const given = Buffer.from(data.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) throw invalid;
  if (grant.method !== (method === 'HEAD' ? 'GET' : method)) throw invalid;
  parseObjectKey(key);
  if (now.getTime() >= grant.expires * 1000)
    throw new Failure('storage.link_expired', 'This link has expired.');
  return grant;
}
