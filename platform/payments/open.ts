import type { Config } from '../config.ts';
import { vendorClient } from '../http/vendor-client.ts';
import type { PaymentProcessor } from './processor.ts';
import { StripeProcessor } from './stripe.ts';

/** The payment processor that the configuration names, or null: then nobody takes money. Its owner closes it. */
export function openPaymentProcessor(
  config: Pick<Config, 'STRIPE_SECRET_KEY' | 'STRIPE_API_URL'>,
): { processor: PaymentProcessor; close(): Promise<void> } | null {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: baseUrl } = config;
  if (!secretKey) return null;
  const client = vendorClient(baseUrl);
  const processor = new StripeProcessor({ secretKey, client, ...(baseUrl ? { baseUrl } : {}) });
  return { processor, close: () => client.close() };
}
