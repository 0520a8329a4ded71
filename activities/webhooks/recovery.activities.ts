import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import { RecoveryRepository } from '../../db/webhooks/recovery.ts';
import { recoverFailed, replayMissing } from '../../db/webhooks/resending.ts';
import { nullFor } from '../../domain/failure.ts';
import { mostRecovered } from '../../domain/webhooks/endpoint.ts';
import type { RecoveryActivities } from '../../workflows/webhooks/messages.ts';
import type { WorkerServices } from '../services.ts';

const messagesAtOnce = 500;

/** Sends messages again, piece by piece. Each piece commits how far it has come, so one that is repeated goes on from there. */
export function createRecoveryActivities({ database }: Pick<WorkerServices, 'database'>): RecoveryActivities {
  return {
    recoverSlice: ({ recoveryId, tenantId }) =>
      database.transaction('webhooks', async (transaction) => {
        const { sql, publish } = transaction;
        const recoveries = new RecoveryRepository(sql, tenantId);
        const recovery = await recoveries.lock(recoveryId);
        const { endpointId, sent: before } = recovery;
        if (recovery.state !== 'running') return { sent: before, left: false };
        const endpoint = await new EndpointRepository(sql, tenantId)
          .get(endpointId)
          .catch(nullFor('webhooks.endpoint_not_found'));
        const end = async (state: 'completed' | 'stopped', sent: number) => {
          await recoveries.end(recoveryId, state);
          await publish({
            type: 'endpoint.recovery_ended',
            tenantId,
            subject: `webhook-recovery:${recoveryId}`,
            data: { endpoint_id: endpointId, recovery_id: recoveryId, state, sent },
          });
          return { sent, left: false };
        };
        const takesAny = endpoint !== null && endpoint.state !== 'disabled';
        if (!takesAny || before >= mostRecovered) return await end('stopped', before);
        const limit = Math.min(messagesAtOnce, mostRecovered - before);
        const slice =
          recovery.kind === 'failed'
            ? await recoverFailed(transaction, recovery, limit)
            : await replayMissing(transaction, recovery, endpoint, limit);
        const sent = before + slice.sent;
        await recoveries.goOn(recoveryId, slice.cursor ?? recovery.cursor, slice.sent);
        return slice.cursor === null ? await end('completed', sent) : { sent, left: true };
      }),
  };
}
