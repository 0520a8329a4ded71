import { getClient } from '@temporalio/activity';
import type { Database } from '../../db/database.ts';
import { destroyTenantKeys } from '../../db/identity/tenant-keys.repository.ts';
import { eraseTenantFromIdentity, requireDeletedOrganisation } from '../../db/identity/tenant-erasure.ts';
import { eraseUser } from '../../db/identity/erasure.ts';
import { cleanIdentity } from '../../db/identity/retention.ts';
import type { Config } from '../../platform/config.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { rotateSigningKeys } from '../../services/identity/signing-keys.ts';
import { resealTenantKeys } from '../../services/identity/tenant-keys.ts';
import type { IdentityActivities } from '../../workflows/identity/messages.ts';
import type { TenantErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseInSlices } from '../platform/erase-in-slices.ts';
import { terminateWorkflowsOf } from './terminate-workflows.ts';

export function createIdentityActivities(parts: {
  database: Database;
  config: Pick<Config, 'ENCRYPTION_KEYS'>;
}): IdentityActivities & TenantErasureActivities {
  const { database } = parts;
  const box = new SecretBox(parts.config.ENCRYPTION_KEYS);
  return {
    eraseUser: (input) => database.transaction('identity', (transaction) => eraseUser(transaction, input)),
    rotateSigningKeys: () => rotateSigningKeys(database, box),
    resealTenantKeys: async () => ({ resealed: await resealTenantKeys(database, box) }),
    endTenantWorkflows: ({ tenantId }) =>
      withHeartbeat(async (signal) => {
        await database.read('identity', ({ sql }) => requireDeletedOrganisation(sql, tenantId));
        return { ended: await terminateWorkflowsOf(getClient(), tenantId, signal) };
      }),
    destroyTenantKeys: ({ tenantId }) =>
      database.transaction('identity', ({ sql }) => destroyTenantKeys(sql, tenantId)),
    eraseTenantData: ({ tenantId }) =>
      withHeartbeat((signal) =>
        eraseInSlices(signal, async (limit) => {
          await database.read('identity', ({ sql }) => requireDeletedOrganisation(sql, tenantId));
          return await database.transaction('identity', ({ sql }) =>
            eraseTenantFromIdentity(sql, tenantId, limit),
          );
        }),
      ),
    cleanIdentity: () =>
      database.transaction('identity', async ({ sql }) => ({ removed: await cleanIdentity(sql) })),
  };
}
