import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { hostAndPort } from '../../platform/http/destination.ts';
import { OutboundClient } from '../../platform/http/outbound.ts';
import {
  startStripeSimulator,
  type StripeSimulator,
  type StripeSimulatorOptions,
} from '../../platform/local/stripe/simulator.ts';
import type { StripeOptions } from '../../platform/payments/stripe-api.ts';
import { StripeProcessor } from '../../platform/payments/stripe.ts';
import { runFolder } from './run.ts';

/** A simulator with a folder of its own. Its owner stops it. */
export async function startTestStripe(
  options: Partial<StripeSimulatorOptions> = {},
): Promise<StripeSimulator & { folder: string }> {
  const folder = options.folder ?? (await mkdtemp(join(await runFolder(), 'stripe-')));
  return { ...(await startStripeSimulator({ webhookWaits: [10, 50, 200], ...options, folder })), folder };
}

/** The adapter, pointed at an address of this machine. */
export function processorAt(
  url: string,
  options: Partial<StripeOptions> = {},
): { processor: StripeProcessor; client: OutboundClient } {
  const client = new OutboundClient({ allowPrivate: [hostAndPort(new URL(url))] });
  const processor = new StripeProcessor({
    secretKey: 'sk_test_simulated',
    baseUrl: url,
    client,
    opensAfter: 1_000,
    ...options,
  });
  return { processor, client };
}

/** Asks the simulator's control endpoint. */
export async function controlStripe(url: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${url}/_control/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

/** What the simulator holds, asked as one asks Stripe. */
export async function stripeList<T>(url: string, path: string): Promise<T[]> {
  const response = await fetch(`${url}/v1/${path}`, { headers: { authorization: 'Bearer sk_test_look' } });
  const { data } = (await response.json()) as { data: T[] };
  return data;
}
