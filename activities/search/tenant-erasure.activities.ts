import { eraseTenantFromSearch } from '../../db/search/tenant-erasure.ts';
import { erasuresFolder } from '../../domain/search/erasure.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import type { WorkerServices } from '../services.ts';

/** Where the domain keeps files, each with a folder a tenant. */
const folders = ['uploads', 'inline', 'batches', 'imports', erasuresFolder] as const;

export function createSearchErasureActivities({
  database,
  storage,
  engine,
}: WorkerServices): TenantErasureActivities {
  return {
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat(async (signal) => {
        const rows = await eraseInSlices(signal, (limit) =>
          database.transaction('search', ({ sql }) => eraseTenantFromSearch(sql, tenantId, limit)),
        );
        await engine.forgetAnswers(tenantId);
        let files = 0;
        for (const folder of folders) files += await storage.deletePrefix(`${folder}/${tenantId}/`);
        return { removed: rows.removed + files, left: rows.left };
      }),
  };
}
