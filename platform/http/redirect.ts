/** Headers that describe the request and name no one; all others may hold a credential, whatever their name. */
const harmlessHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-type',
  'content-language',
  'user-agent',
]);

/** What is sent to one URL. */
export interface Hop {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array | null;
}

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * The next request of a redirect (RFC 9110 §15.4): 303, and 301 and 302 after a POST, go on as a GET without a body.
 * To another origin only harmless headers go along, and a body doesn't go at all: null, since body and headers were
 * meant for the first origin and may hold its credentials.
 */
export function nextHop(from: Hop, status: number, location: URL): Hop | null {
  const sameOrigin = location.origin === from.url.origin;
  const toGet = status === 303 ? from.method !== 'HEAD' : status < 303 && from.method === 'POST';
  if (!sameOrigin && !toGet && from.body !== null) return null;
  const kept = Object.entries(from.headers).filter(
    ([name]) =>
      (sameOrigin || harmlessHeaders.has(name.toLowerCase())) &&
      !(toGet && name.toLowerCase().startsWith('content-')),
  );
  return {
    url: location,
    method: toGet ? 'GET' : from.method,
    headers: Object.fromEntries(kept),
    body: toGet ? null : from.body,
  };
}
