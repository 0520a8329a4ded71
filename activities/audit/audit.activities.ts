import { auditExport } from '../../db/audit/export.ts';
import { redactTenant } from '../../db/audit/redaction.ts';
import type { DataExportActivities, TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

export function createAuditActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): TenantErasureActivities & DataExportActivities {
  const source = { database, storage, domain: 'audit', files: auditExport } as const;
  return {
    exportPart: (input) => withHeartbeat((signal) => exportSlice(source, input, signal)),
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat((signal) =>
        eraseInSlices(signal, (limit) =>
          database.transaction('audit', ({ sql }) => redactTenant(sql, tenantId, limit)),
        ),
      ),
  };
}
