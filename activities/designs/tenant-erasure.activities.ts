import { eraseTenantFromDesigns } from '../../db/designs/tenant-erasure.ts';
import { designsFolder } from '../../domain/designs/files.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import type { WorkerServices } from '../services.ts';

export function createDesignErasureActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): TenantErasureActivities {
  return {
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat(async (signal) => {
        const rows = await eraseInSlices(signal, (limit) =>
          database.transaction('designs', ({ sql }) => eraseTenantFromDesigns(sql, tenantId, limit)),
        );
        const files = await storage.deletePrefix(`${designsFolder}/${tenantId}/`);
        return { removed: rows.removed + files, left: rows.left };
      }),
  };
}
