import { webhooksExport } from '../../db/webhooks/export.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

/** What webhooks gives to exports. */
export function createWebhookExportActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): DataExportActivities {
  const source = { database, storage, domain: 'webhooks', files: webhooksExport } as const;
  return { exportPart: (input) => withHeartbeat((signal) => exportSlice(source, input, signal)) };
}
