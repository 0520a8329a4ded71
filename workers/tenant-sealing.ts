import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { Config } from '../platform/config.ts';
import { SecretBox } from '../platform/crypto/secret-box.ts';
import type { Logger } from '../platform/log.ts';
import { WorkflowTenants, type TenantSealing } from '../platform/temporal/tenant-sealing.ts';
import { StoredTenantKeys } from '../services/identity/tenant-keys.ts';

/**
 * The tenants' keys for the workers and the relay. A workflow of an erased tenant that is still about can't be read and
 * would be tried for ever: it is terminated.
 *
 * @param client asked for when it is needed, as it is itself made with what this gives
 */
export function createTenantSealing(
  { database, config, log }: { database: Database; config: Pick<Config, 'ENCRYPTION_KEYS'>; log: Logger },
  client: () => Client,
): TenantSealing {
  const terminate = async (workflowId: string): Promise<void> => {
    try {
      await client().workflow.getHandle(workflowId).terminate('its tenant was erased');
      log.warn({ workflow_id: workflowId }, 'a workflow of an erased tenant was terminated');
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return;
      // Its task comes again, and so does this.
      log.warn(
        { workflow_id: workflowId, err: error },
        'a workflow of an erased tenant is not terminated yet',
      );
    }
  };
  return {
    keys: new StoredTenantKeys(database, new SecretBox(config.ENCRYPTION_KEYS)),
    workflows: new WorkflowTenants(),
    onErased: (workflowId) => void terminate(workflowId),
  };
}
