import { notificationsExport } from '../../db/notifications/export.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

/** What notifications gives to exports. */
export function createNotificationExportActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): DataExportActivities {
  const source = { database, storage, domain: 'notifications', files: notificationsExport } as const;
  return { exportPart: (input) => withHeartbeat((signal) => exportSlice(source, input, signal)) };
}
