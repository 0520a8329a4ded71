import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A request as a sender of webhooks makes it. */
export interface SentWebhook {
  body: string;
  headers: Record<string, string>;
}

export function sample(name: string): string {
  return readFileSync(new URL(`../../data/webhooks/${name}`, import.meta.url), 'utf8');
}

/** As Shopify sends it. */
export function fromShopify(
  body: string,
  given: { secret: string; shop: string; topic?: string; webhookId?: string; eventId?: string },
): SentWebhook {
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-shopify-hmac-sha256': createHmac('sha256', given.secret).update(body).digest('base64'),
      'x-shopify-shop-domain': given.shop,
      'x-shopify-topic': given.topic ?? 'orders/create',
      'x-shopify-api-version': '2026-07',
      'x-shopify-webhook-id': given.webhookId ?? randomUUID(),
      'x-shopify-event-id': given.eventId ?? randomUUID(),
    },
  };
}

/** As EasyPost sends it: a tracker that has come to a status. */
export function fromEasyPost(
  secret: string,
  given: { eventId: string; tracker: string; code?: string; status: string; updatedAt: string },
): SentWebhook {
  const body = JSON.stringify({
    id: given.eventId,
    object: 'Event',
    mode: 'production',
    description: 'tracker.updated',
    created_at: given.updatedAt,
    result: {
      id: given.tracker,
      object: 'Tracker',
      tracking_code: given.code ?? `code-of-${given.tracker}`,
      status: given.status,
      updated_at: given.updatedAt,
      weight: 614.4,
      carrier: 'FedEx',
      tracking_details: [],
    },
  });
  const signature = createHmac('sha256', secret.normalize('NFKD')).update(body).digest('hex');
  return {
    body,
    headers: { 'content-type': 'application/json', 'x-hmac-signature': `hmac-sha256-hex=${signature}` },
  };
}

/** A Shopify order with another ID and time, with no digit of any number lost. */
export function orderWith(id: string, updatedAt: string): string {
  return sample('orders__create.bigint.json')
    .replaceAll('820982911946154508', id)
    .replace(/"updated_at":\s*"[^"]*"/, `"updated_at":"${updatedAt}"`);
}

/** The same, of one that is paid and not cancelled. */
export function paidOrderWith(id: string, updatedAt: string): string {
  return orderWith(id, updatedAt)
    .replace(/"cancelled_at":\s*"[^"]*"/, '"cancelled_at":null')
    .replace(/"financial_status":\s*"[^"]*"/, '"financial_status":"paid"');
}
