import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import type { Domain } from '../../domain/domains.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { makeApiKey, makeOrganisation, makeUser } from '../support/accounts.ts';
import { onlyProvider } from '../support/providers.ts';
import { vendorConfig } from '../support/search.ts';
import type { VendorRequest, VendorReply, Vendor } from '../support/vendor.ts';
import type { WebhookReceiver } from '../support/webhook-receiver.ts';
import { Caller } from './caller.ts';
import type { Outside } from './outside.ts';

/** What a customer meets of a system. */
export interface StageParts {
  /** Of the API. */
  url: string;
  database: Database;
  /** The harness's own way to Temporal. */
  temporal: Client;
  /** The domains that have workers. */
  domains: readonly Domain[];
  vendor: Vendor;
  webhooks: WebhookReceiver;
  outside: Outside;
  /** Where the files are, for a harness that puts some there. */
  storage?: ObjectStorage;
}

/** A customer of the system, and what shows what has come of its requests. */
export interface Stage extends Omit<StageParts, 'url' | 'vendor'> {
  tenantId: string;
  userId: string;
  caller: Caller;
  /** Where mails to the customer go. */
  email: string;
  /** How often a process has died; null where nobody counts. */
  crashes: number | null;
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
export async function makeStage(parts: StageParts, patience = endless): Promise<Stage> {
  const { url, vendor, ...shared } = parts;
  const { database } = parts;
  const { timeoutMs, breaker } = patience;
  const config = vendorConfig(vendor);
  const tenantId = await makeOrganisation(database);
  const user = await makeUser(database, tenantId, 'owner');
  await onlyProvider(database, tenantId, {
    name: 'vendor',
    config: { ...config, request: { ...(config['request'] as object), timeout_ms: timeoutMs } },
    price,
    timeoutMs,
    breaker,
  });
  const caller = new Caller(url, `Bearer ${await makeApiKey(database, user)}`);
  return { ...shared, tenantId, userId: user.userId, caller, email: user.email, crashes: null };
}

/** An honest vendor: it knows every third number, and always says the same. */
export function honest({ url }: VendorRequest): VendorReply {
  const number = /phone=%2B1415(\d+)/.exec(url)?.[1] ?? '';
  return Number(number) % 3 === 0
    ? { body: { people: [{ name: 'Ada Lovelace', score: 0.9 }], final: true } }
    : { status: 404 };
}
