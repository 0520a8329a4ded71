import { RecoveryRepository, type Recovery } from '../../db/webhooks/recovery.ts';
import { nullFor } from '../../domain/failure.ts';
import { recoveryWorkflowId } from '../../workflows/webhooks/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Messages that are sent to an endpoint again, or for the first time after all, among all processes. */
export function recoveryProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'webhook-recovery',
    scope: 'webhooks:read',
    entries: {
      'endpoint.recovery_requested': { type: 'requested', words: 'Asked for', data: ['kind', 'endpoint_id'] },
      'endpoint.recovery_ended': { type: 'ended', words: 'Ended', data: ['state', 'sent', 'endpoint_id'] },
    },
    find: (tenantId, id) =>
      database
        .read('webhooks', ({ sql }) => new RecoveryRepository(sql, tenantId).get(id))
        .then(summaryOf)
        .catch(nullFor('webhooks.recovery_not_found')),
    list: async (tenantId, limit, afterId) => {
      const recoveries = await database.read('webhooks', ({ sql }) =>
        new RecoveryRepository(sql, tenantId).list(limit, afterId),
      );
      return recoveries.map(summaryOf);
    },
  };
}

function summaryOf({ id, state, createdAt, finishedAt }: Recovery): ProcessSummary {
  return { id, state, workflowId: recoveryWorkflowId(id), createdAt, finishedAt };
}
