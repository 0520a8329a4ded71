import { webhooksExport } from '../../db/webhooks/export.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportOfPerson } from '../platform/export-of-person.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';

/** What webhooks gives to exports. */
export function createWebhookExportActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): DataExportActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const secrets = new SourceSecrets(config.ENCRYPTION_KEYS);
  const source = { database, storage, domain: 'webhooks', files: webhooksExport } as const;

  /** Bodies that came in are sealed, and whom they speak of is to be seen in them alone. */
  const openerFor =
    (tenantId: string) =>
    (line: string): string => {
      const row = JSON.parse(line) as { id: string; sealed_body?: string };
      if (row.sealed_body === undefined) return line;
      const { sealed_body: sealed, ...rest } = row;
      return JSON.stringify({ ...rest, body: secrets.openBody(tenantId, row.id, sealed) });
    };

  return {
    exportPart: (input) =>
      withHeartbeat((signal) =>
        input.kind === 'person'
          ? exportOfPerson({ ...source, open: openerFor(input.tenantId) }, box, input, signal)
          : exportSlice(source, input, signal),
      ),
  };
}
