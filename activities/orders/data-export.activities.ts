import { ordersExport } from '../../db/orders/export.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportOfPerson } from '../platform/export-of-person.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

/** What orders gives to exports. */
export function createOrderExportActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): DataExportActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const source = { database, storage, domain: 'orders', files: ordersExport } as const;
  return {
    exportPart: (input) =>
      withHeartbeat((signal) =>
        input.kind === 'person'
          ? exportOfPerson(source, box, input, signal)
          : exportSlice(source, input, signal),
      ),
  };
}
