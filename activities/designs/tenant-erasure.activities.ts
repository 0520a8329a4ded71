import { eraseTenantFromDesigns } from '../../db/designs/tenant-erasure.ts';
import { designsFolder } from '../../domain/designs/files.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { createTenantErasureActivities } from '../platform/tenant-erasure.activities.ts';
import type { WorkerServices } from '../services.ts';

export function createDesignErasureActivities(
  services: Pick<WorkerServices, 'database' | 'storage'>,
): TenantErasureActivities {
  return createTenantErasureActivities(services, 'designs', eraseTenantFromDesigns, (tenantId) =>
    services.storage.deletePrefix(`${designsFolder}/${tenantId}/`),
  );
}
