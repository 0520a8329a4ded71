import type { Database } from '../../db/database.ts';
import { ProviderRepository, type SearchSetup } from '../../db/search/provider.repository.ts';

/** A tenant's settings and providers; the defaults for one that has none yet. */
export async function loadSetup(database: Database, tenantId: string): Promise<SearchSetup> {
  const known = await database.read('search', ({ sql }) => new ProviderRepository(sql, tenantId).findSetup());
  if (known) return known;
  return await database.transaction('search', ({ sql }) =>
    new ProviderRepository(sql, tenantId).ensureSetup(),
  );
}
