import type { Database } from '../../db/database.ts';
import { makeApiKey, makeOrganisation, makeUser } from '../support/accounts.ts';
import { onlyProvider } from '../support/providers.ts';
import { vendorConfig } from '../support/search.ts';
import type { VendorRequest, VendorReply, Vendor } from '../support/vendor.ts';
import type { WebhookReceiver } from '../support/webhook-receiver.ts';
import { Caller } from './caller.ts';

/** A customer of the system, and what shows what has come of its requests. */
export interface Stage {
  tenantId: string;
  caller: Caller;
  /** Where mails to the customer go. */
  email: string;
  database: Database;
  webhooks: WebhookReceiver;
}

export const price = { perCall: 10_000n, perHit: 5_000n } as const;

/** How a customer has set its provider up. */
export interface ProviderPatience {
  timeoutMs: number;
  breaker: { failures: number; cooldownMs: number };
}

/** So much that no frozen or busy machine makes the vendor late. */
const endless: ProviderPatience = { timeoutMs: 60_000, breaker: { failures: 1_000, cooldownMs: 1_000 } };

/** An organisation of its own, with one provider that costs something at each call. */
export async function makeStage(
  parts: { url: string; database: Database; vendor: Vendor; webhooks: WebhookReceiver },
  patience = endless,
): Promise<Stage> {
  const { url, database, vendor, webhooks } = parts;
  const { timeoutMs, breaker } = patience;
  const config = vendorConfig(vendor);
  const tenantId = await makeOrganisation(database);
  const user = await makeUser(database, tenantId, 'member');
  await onlyProvider(database, tenantId, {
    name: 'vendor',
    config: { ...config, request: { ...(config['request'] as object), timeout_ms: timeoutMs } },
    price,
    timeoutMs,
    breaker,
  });
  const caller = new Caller(url, `Bearer ${await makeApiKey(database, user)}`);
  return { tenantId, caller, email: user.email, database, webhooks };
}

/** An honest vendor: it knows every third number, and always says the same. */
export function honest({ url }: VendorRequest): VendorReply {
  const number = /phone=%2B1415(\d+)/.exec(url)?.[1] ?? '';
  return Number(number) % 3 === 0
    ? { body: { people: [{ name: 'Ada Lovelace', score: 0.9 }], final: true } }
    : { status: 404 };
}
