import {
  equal,
  hmac,
  requireHeader,
  requireSignature,
  type DeliveryFacts,
  type InboundRequest,
} from './request.ts';

/** The shop that a request claims to come from. The header is not signed. */
export function claimedShop(request: InboundRequest): string {
  return requireHeader(request, 'X-Shopify-Shop-Domain').toLowerCase();
}

/** Whether one of the secrets has signed the body: base64 of HMAC-SHA256 over it, without a timestamp. */
export function isSignedForShopify(request: InboundRequest, secret: string): boolean {
  const given = Buffer.from(requireSignature(request, 'X-Shopify-Hmac-Sha256'), 'base64');
  return equal(hmac('sha256', secret, request.body), given);
}

/**
 * Shopify names a delivery `X-Shopify-Webhook-Id` and an event `X-Shopify-Event-Id`; older API versions send the former
 * alone.
 */
export function shopifyFacts(request: InboundRequest): DeliveryFacts {
  const deliveryId = requireHeader(request, 'X-Shopify-Webhook-Id');
  return {
    deliveryId,
    eventId: request.headers['x-shopify-event-id']?.trim().slice(0, 255) || deliveryId,
    topic: requireHeader(request, 'X-Shopify-Topic').toLowerCase(),
  };
}
