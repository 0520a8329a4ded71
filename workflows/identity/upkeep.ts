import { proxyActivities } from '@temporalio/workflow';
import type { IdentityActivities } from './messages.ts';

// All of them only bring the tables to where they should be by now, so to repeat them is harmless.
const activities = proxyActivities<IdentityActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes', maximumAttempts: 10 },
});

/** The daily look at the keys that sign access tokens. */
export async function rotateSigningKeys(): Promise<{ added: string | null; removed: string[] }> {
  return await activities.rotateSigningKeys();
}

/** The daily look at the keys of tenants: a new first key of the ring seals them anew. */
export async function resealTenantKeys(): Promise<{ resealed: number }> {
  return await activities.resealTenantKeys();
}

/** The nightly clean-up of what is over in identity. */
export async function cleanIdentity(): Promise<{ removed: number }> {
  return await activities.cleanIdentity();
}
