import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { ProviderRepository, type ProviderSettings } from '../../db/search/provider.repository.ts';

const defaults: Omit<ProviderSettings, 'name' | 'config'> = {
  kind: 'http',
  enabled: true,
  searchKinds: ['email', 'phone', 'name', 'address', 'comprehensive'],
  price: { perCall: 0n, perHit: 0n },
  limits: { ratePerSecond: null, burst: 1, concurrency: null, budgetDay: null, budgetMonth: null },
  timeoutMs: 5_000,
  cacheTtlSeconds: 0,
  breaker: { failures: 1_000, cooldownMs: 1_000 },
  secrets: null,
  secretNames: [],
};

/** Makes one provider the only one of a tenant. */
export async function onlyProvider(
  database: Database,
  tenantId: string,
  settings: Partial<ProviderSettings> & Pick<ProviderSettings, 'name' | 'config'>,
): Promise<void> {
  await database.transaction('search', async ({ sql }) => {
    const providers = new ProviderRepository(sql, tenantId);
    await providers.ensureSetup();
    await sql('delete from search.providers where tenant_id = $1', [tenantId]);
    await providers.insert(uuidv7(), { ...defaults, ...settings }, 0);
    await providers.lockAndInvalidate();
  });
}
