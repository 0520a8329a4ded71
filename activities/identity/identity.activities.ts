import { getClient } from '@temporalio/activity';
import { destroyTenantKeys } from '../../db/identity/tenant-keys.repository.ts';
import { eraseTenantFromIdentity, requireDeletedOrganisation } from '../../db/identity/tenant-erasure.ts';
import { eraseUser } from '../../db/identity/erasure.ts';
import { cleanIdentity } from '../../db/identity/retention.ts';
import { exportsFolder } from '../../domain/identity/export.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { rotateSigningKeys } from '../../services/identity/signing-keys.ts';
import { resealTenantKeys } from '../../services/identity/tenant-keys.ts';
import type { IdentityActivities } from '../../workflows/identity/messages.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import type { WorkerServices } from '../services.ts';
import { terminateWorkflowsOf } from './terminate-workflows.ts';

export function createIdentityActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): IdentityActivities & TenantErasureActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  return {
    eraseUser: (input) =>
      withHeartbeat(() => database.transaction('identity', (transaction) => eraseUser(transaction, input))),
    rotateSigningKeys: () => rotateSigningKeys(database, box),
    resealTenantKeys: async () => ({ resealed: await resealTenantKeys(database, box) }),
    endTenantWorkflows: ({ tenantId }) =>
      withHeartbeat(async (signal) => {
        await database.read('identity', ({ sql }) => requireDeletedOrganisation(sql, tenantId));
        return { ended: await terminateWorkflowsOf(getClient(), tenantId, signal) };
      }),
    destroyTenantKeys: ({ tenantId }) =>
      withHeartbeat(() => database.transaction('identity', ({ sql }) => destroyTenantKeys(sql, tenantId))),
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat(async (signal) => {
        const rows = await eraseInSlices(signal, async (limit) => {
          await database.read('identity', ({ sql }) => requireDeletedOrganisation(sql, tenantId));
          return await database.transaction('identity', ({ sql }) =>
            eraseTenantFromIdentity(sql, tenantId, limit),
          );
        });
        const files = await storage.deletePrefix(`${exportsFolder}/${tenantId}/`);
        return { removed: rows.removed + files, left: rows.left };
      }),
    cleanIdentity: () =>
      database.transaction('identity', async ({ sql }) => ({ removed: await cleanIdentity(sql) })),
  };
}
