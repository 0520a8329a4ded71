import { eraseTenantFromNotifications } from '../../db/notifications/tenant-erasure.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import type { WorkerServices } from '../services.ts';

export function createNotificationErasureActivities({
  database,
}: Pick<WorkerServices, 'database'>): TenantErasureActivities {
  return {
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat((signal) =>
        eraseInSlices(signal, (limit) =>
          database.transaction('notifications', ({ sql }) =>
            eraseTenantFromNotifications(sql, tenantId, limit),
          ),
        ),
      ),
  };
}
