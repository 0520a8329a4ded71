import type { ProviderLimits } from '../../domain/search/admission.ts';
import type { ProviderPrice } from '../../domain/search/provider.ts';
import { queryKinds } from '../../domain/search/query.ts';
import type { ProviderSettings } from './provider.ts';

const free: ProviderPrice = { perCall: 0n, perHit: 0n };
const unlimited: ProviderLimits = {
  ratePerSecond: null,
  burst: 1,
  concurrency: null,
  budgetDay: null,
  budgetMonth: null,
};
const builtIn: Omit<ProviderSettings, 'name' | 'kind' | 'searchKinds'> = {
  enabled: true,
  price: free,
  limits: unlimited,
  timeoutMs: 10_000,
  cacheTtlSeconds: null,
  breaker: { failures: 5, cooldownMs: 30_000 },
  config: null,
  secrets: null,
  secretNames: [],
};

/** What a tenant starts with: its own records, then facts about numbers and addresses. All of it free and offline. */
export const defaultProviders: readonly ProviderSettings[] = [
  { ...builtIn, name: 'records', kind: 'records', searchKinds: [...queryKinds] },
  { ...builtIn, name: 'phone', kind: 'phone', searchKinds: ['phone', 'comprehensive'] },
  { ...builtIn, name: 'email', kind: 'email', searchKinds: ['email', 'comprehensive'] },
];
