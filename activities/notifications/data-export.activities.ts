import { notificationsExport } from '../../db/notifications/export.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportOfPerson } from '../platform/export-of-person.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

/** What notifications gives to exports. */
export function createNotificationExportActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): DataExportActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const source = { database, storage, domain: 'notifications', files: notificationsExport } as const;
  return {
    exportPart: (input) =>
      withHeartbeat((signal) =>
        input.kind === 'person'
          ? exportOfPerson(source, box, input, signal)
          : exportSlice(source, input, signal),
      ),
  };
}
