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

type Settings = Partial<ProviderSettings> & Pick<ProviderSettings, 'name' | 'config'>;

/** Makes one provider the only one of a tenant. */
export async function onlyProvider(database: Database, tenantId: string, settings: Settings): Promise<void> {
  await onlyProviders(database, tenantId, [settings]);
}

/** Makes these the only providers of a tenant, in this order. */
export async function onlyProviders(
  database: Database,
  tenantId: string,
  all: readonly Settings[],
): Promise<void> {
  await database.transaction('search', async ({ sql }) => {
    const providers = new ProviderRepository(sql, tenantId);
    await providers.ensureSetup();
    await sql('delete from search.providers where tenant_id = $1', [tenantId]);
    for (const [place, settings] of all.entries()) {
      await providers.insert(uuidv7(), { ...defaults, ...settings }, place);
    }
    await providers.lockAndInvalidate();
  });
}
