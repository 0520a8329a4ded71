import { createHash } from 'node:crypto';
import {
  equal,
  hmac,
  requireHeader,
  requireSignature,
  requireTimely,
  type InboundRequest,
} from './request.ts';
import { toleranceSeconds, type Verifier } from './source.ts';

/** Whether a request holds what the secret makes. A scheme that is not known here lets nothing in. */
export function isProvenBy(verifier: Verifier | null, request: InboundRequest, secret: string): boolean {
  switch (verifier?.scheme) {
    case 'hmac': {
      const given = requireSignature(request, verifier.header);
      if (!given.startsWith(verifier.prefix)) return false;
      const signature = Buffer.from(given.slice(verifier.prefix.length), verifier.encoding);
      return equal(hmac(verifier.algorithm, secret, request.body), signature);
    }
    case 'standard_webhooks':
      return isStandardWebhook(request, secret);
    case 'basic': {
      const given = requireSignature(request, 'Authorization');
      const credentials = /^basic +([A-Za-z0-9+/=]+)$/i.exec(given)?.[1] ?? '';
      return sameText(Buffer.from(`${verifier.username}:${secret}`), Buffer.from(credentials, 'base64'));
    }
    case 'key':
      return sameText(Buffer.from(secret), Buffer.from(requireSignature(request, verifier.header)));
    default:
      return false;
  }
}

/** Standard Webhooks 1.0.0: base64 of HMAC-SHA256 over `id.timestamp.body`, with the bytes behind `whsec_` as the key. */
function isStandardWebhook(request: InboundRequest, secret: string): boolean {
  const id = requireHeader(request, 'webhook-id');
  const timestamp = requireHeader(request, 'webhook-timestamp');
  const signatures = requireSignature(request, 'webhook-signature').split(' ').slice(0, 10);
  requireTimely(timestamp, request.now, toleranceSeconds);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = hmac('sha256', key, `${id}.${timestamp}.`, request.body);
  return signatures.some((one) => {
    const [version, value = ''] = one.split(',', 2);
    return version === 'v1' && equal(expected, Buffer.from(value, 'base64'));
  });
}

/** Compares texts of any length by their hashes, so that not even the length is told. */
function sameText(expected: Buffer, given: Buffer): boolean {
  const hash = (text: Buffer): Buffer => createHash('sha256').update(text).digest();
  return equal(hash(expected), hash(given));
}
