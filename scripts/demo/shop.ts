import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoClient } from './demo-client.ts';

const domain = 'perdure-demo.myshopify.com';

interface Source {
  id: string;
  kind: string;
  shop_domain: string | null;
}

/** A shop at Shopify, as far as we hear of it: it signs what it tells. */
export class DemoShop {
  readonly #apiUrl: string;
  readonly #secret: string;

  private constructor(apiUrl: string, secret: string) {
    this.#apiUrl = apiUrl;
    this.#secret = secret;
  }

  /** Lets the system know the shop by a secret, which an earlier demo has left another of. */
  static async join(api: DemoClient, apiUrl: string): Promise<DemoShop> {
    const secret = randomBytes(32).toString('hex');
    const { items } = await api.get<{ items: Source[] }>('/v1/webhook-sources?limit=200');
    const known = items.find(({ shop_domain: of }) => of === domain);
    if (known) await api.post(`/v1/webhook-sources/${known.id}/rotate-secret`, { secret, grace_seconds: 0 });
    else
      await api.post('/v1/webhook-sources', {
        kind: 'shopify',
        name: 'Demo shop',
        shop_domain: domain,
        secret,
      });
    return new DemoShop(apiUrl, secret);
  }

  /** Tells of an order. Gives the HTTP status of the answer, and how many milliseconds it took. */
  async tell(body: string): Promise<{ status: number; milliseconds: number }> {
    const startedAt = performance.now();
    const response = await fetch(new URL('/webhooks/shopify/orders', this.#apiUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-shopify-hmac-sha256': createHmac('sha256', this.#secret).update(body).digest('base64'),
        'x-shopify-shop-domain': domain,
        'x-shopify-topic': 'orders/create',
        'x-shopify-webhook-id': randomUUID(),
        'x-shopify-event-id': randomUUID(),
      },
      body,
    });
    await response.text();
    return { status: response.status, milliseconds: Math.round(performance.now() - startedAt) };
  }
}

/**
 * Shopify's own example of an order, with another ID and time, and not cancelled. Its numbers are left as they are written:
 * IDs of 18 digits do not survive `JSON.parse`.
 *
 * @param financialStatus `pending` or `paid`
 */
export async function shopifyOrder(
  root: string,
  id: string,
  financialStatus: 'pending' | 'paid',
): Promise<string> {
  const example = await readFile(join(root, 'data/webhooks/orders__create.bigint.json'), 'utf8');
  return example
    .replaceAll('820982911946154508', id)
    .replace(/"updated_at":\s*"[^"]*"/, `"updated_at": "${new Date().toISOString()}"`)
    .replace(/"cancelled_at":\s*"[^"]*"/, '"cancelled_at": null')
    .replace(/"financial_status":\s*"[^"]*"/, `"financial_status": "${financialStatus}"`);
}

/** The customer pays at the shop's checkout: a payment at Stripe that names the shop's order. */
export async function payAtCheckout(
  stripeUrl: string,
  payment: { amount: string; currency: string; order: string },
): Promise<string> {
  const form = new URLSearchParams({
    amount: payment.amount,
    currency: payment.currency.toLowerCase(),
    payment_method: 'pm_card_visa',
    confirm: 'true',
    'metadata[order_id]': payment.order,
  });
  const response = await fetch(new URL('/v1/payment_intents', stripeUrl), {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_checkout' },
    body: form,
  });
  const { id, status } = (await response.json()) as { id: string; status: string };
  if (status !== 'succeeded') throw new Error(`The payment at the checkout is ${status}.`);
  return id;
}
