import { designsExport } from '../../db/designs/export.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

/** What designs gives to exports. */
export function createDesignExportActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): DataExportActivities {
  const source = { database, storage, domain: 'designs', files: designsExport } as const;
  return { exportPart: (input) => withHeartbeat((signal) => exportSlice(source, input, signal)) };
}
