import { Failure } from '../../failure.ts';
import { equal, hmac, requireSignature, requireTimely, type InboundRequest } from './request.ts';
import { toleranceSeconds } from './source.ts';

/** More signatures than rotations of a secret leave. */
const mostSignatures = 10;

/**
 * Whether a secret has made one of the `v1` signatures: hex of HMAC-SHA256 over `t.body`. Stripe's own library takes a
 * timestamp of the future for good; here it is refused as one of the past is.
 */
export function isSignedForStripe(request: InboundRequest, secret: string): boolean {
  const fields = requireSignature(request, 'Stripe-Signature')
    .split(',')
    .map((field) => field.trim().split('=', 2) as [string, string?]);
  const timestamp = fields.find(([name]) => name === 't')?.[1];
  const signatures = fields.flatMap(([name, value]) => (name === 'v1' && value ? [value] : []));
  if (timestamp === undefined || signatures.length === 0) {
    throw new Failure('webhooks.signature_missing', 'Stripe-Signature holds no t or no v1.');
  }
  requireTimely(timestamp, request.now, toleranceSeconds);
  const expected = hmac('sha256', secret, `${timestamp}.`, request.body);
  return signatures.slice(0, mostSignatures).some((one) => equal(expected, Buffer.from(one, 'hex')));
}
