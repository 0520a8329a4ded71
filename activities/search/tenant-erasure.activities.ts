import { eraseTenantFromSearch } from '../../db/search/tenant-erasure.ts';
import { erasuresFolder } from '../../domain/search/erasure.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { createTenantErasureActivities } from '../platform/tenant-erasure.activities.ts';
import type { WorkerServices } from '../services.ts';

/** Where the domain keeps files, each with a folder a tenant. */
const folders = ['uploads', 'inline', 'batches', 'imports', erasuresFolder] as const;

/** With the rows, the files and the cached answers go. */
export function createSearchErasureActivities(services: WorkerServices): TenantErasureActivities {
  const { storage, engine } = services;
  return createTenantErasureActivities(services, 'search', eraseTenantFromSearch, async (tenantId) => {
    await engine.forgetAnswers(tenantId);
    let files = 0;
    for (const folder of folders) files += await storage.deletePrefix(`${folder}/${tenantId}/`);
    return files;
  });
}
