import { webhooksExport } from '../../db/webhooks/export.ts';
import { ifOpens } from '../../platform/crypto/secret-box.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { createDataExportActivities } from '../platform/data-export.activities.ts';
import type { WorkerServices } from '../services.ts';

/**
 * What webhooks gives to exports. Bodies that came in are sealed, and whom they speak of is to be seen in them alone: of one
 * that can't be opened any more, nobody knows.
 */
export function createWebhookExportActivities(
  services: Pick<WorkerServices, 'database' | 'storage' | 'config'>,
): DataExportActivities {
  const secrets = new SourceSecrets(services.config.ENCRYPTION_KEYS);
  return createDataExportActivities(services, 'webhooks', webhooksExport, (tenantId) => (line) => {
    const row = JSON.parse(line) as { id: string; sealed_body?: string };
    if (row.sealed_body === undefined) return line;
    const { sealed_body: sealed, ...rest } = row;
    return JSON.stringify({ ...rest, body: ifOpens(() => secrets.openBody(tenantId, row.id, sealed)) });
  });
}
