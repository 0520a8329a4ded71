import { equal, hmac, requireSignature, type InboundRequest } from './request.ts';

const prefix = 'hmac-sha256-hex=';

/**
 * Whether a secret has signed the body: hex of HMAC-SHA256, keyed by the secret in Unicode's form NFKD. EasyPost signs a
 * weight as the decimal that it is there, and may send it as a whole number; its own libraries put the `.0` back.
 */
export function isSignedForEasyPost(request: InboundRequest, secret: string): boolean {
  const given = requireSignature(request, 'X-Hmac-Signature');
  if (!given.startsWith(prefix)) return false;
  const signature = Buffer.from(given.slice(prefix.length), 'hex');
  const key = secret.normalize('NFKD');
  if (equal(hmac('sha256', key, request.body), signature)) return true;
  const decimal = withDecimalWeights(request.body);
  return decimal !== null && equal(hmac('sha256', key, decimal), signature);
}

/** By the body, as one request may be tried on the secrets of many sources. */
const decimals = new WeakMap<Buffer, string | null>();

/** The body with whole weights written as decimals; null where it has none. */
function withDecimalWeights(body: Buffer): string | null {
  const known = decimals.get(body);
  if (known !== undefined) return known;
  const text = body.toString('utf8');
  const decimal = text.replaceAll(/("weight":\s*)(\d+)(\s*)(?=,|\})/g, '$1$2.0$3');
  const found = decimal === text ? null : decimal;
  decimals.set(body, found);
  return found;
}
