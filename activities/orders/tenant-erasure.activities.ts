import { eraseTenantFromOrders } from '../../db/orders/tenant-erasure.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import type { WorkerServices } from '../services.ts';

export function createOrderErasureActivities({
  database,
}: Pick<WorkerServices, 'database'>): TenantErasureActivities {
  return {
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat((signal) =>
        eraseInSlices(signal, (limit) =>
          database.transaction('orders', ({ sql }) => eraseTenantFromOrders(sql, tenantId, limit)),
        ),
      ),
  };
}
