import { InboundReplayRepository, type InboundReplay } from '../../db/webhooks/inbound-replay.ts';
import { nullFor } from '../../domain/failure.ts';
import { replayWorkflowId } from '../../workflows/webhooks/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Webhooks that came in and are tried again by filter, among all processes. */
export function replayProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'webhook-replay',
    scope: 'webhooks:read',
    entries: {
      'webhooks.replay_requested': { type: 'requested', words: 'Asked for', data: ['matching'] },
      'webhooks.replay_ended': { type: 'ended', words: 'Ended', data: ['state', 'replayed'] },
    },
    find: (tenantId, id) =>
      database
        .read('webhooks', ({ sql }) => new InboundReplayRepository(sql, tenantId).get(id))
        .then(summaryOf)
        .catch(nullFor('webhooks.replay_not_found')),
    list: async (tenantId, limit, afterId) => {
      const replays = await database.read('webhooks', ({ sql }) =>
        new InboundReplayRepository(sql, tenantId).list(limit, afterId),
      );
      return replays.map(summaryOf);
    },
  };
}

function summaryOf({ id, state, createdAt, finishedAt }: InboundReplay): ProcessSummary {
  return { id, state, workflowId: replayWorkflowId(id), createdAt, finishedAt };
}
