import { invalidSignature, type InboundRequest } from './request.ts';
import type { SourceRules } from './source.ts';
import { isSignedForEasyPost } from './verify-easypost.ts';
import { isProvenBy } from './verify-generic.ts';
import { isSignedForShopify } from './verify-shopify.ts';
import { isSignedForStripe } from './verify-stripe.ts';

/**
 * The secret, of those that are good at present, which proves that a request comes from its source.
 *
 * @throws Failure `webhooks.signature_invalid` for none; `…signature_missing`, `…header_missing` and
 *   `…timestamp_out_of_tolerance` for what can't be verified at all
 */
export function provingSecret(
  source: Pick<SourceRules, 'kind' | 'verifier'>,
  request: InboundRequest,
  secrets: readonly string[],
): string {
  const secret = secrets.find((one) => isProven(source, request, one));
  if (secret === undefined) throw invalidSignature();
  return secret;
}

/** A kind that is not known here lets nothing in. */
function isProven(
  { kind, verifier }: Pick<SourceRules, 'kind' | 'verifier'>,
  request: InboundRequest,
  secret: string,
): boolean {
  switch (kind) {
    case 'shopify':
      return isSignedForShopify(request, secret);
    case 'stripe':
      return isSignedForStripe(request, secret);
    case 'easypost':
      return isSignedForEasyPost(request, secret);
    case 'generic':
      return isProvenBy(verifier, request, secret);
    default:
      return false;
  }
}
