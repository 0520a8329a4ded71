import { InboundReplayRepository } from '../../db/webhooks/inbound-replay.ts';
import { InboundRepository } from '../../db/webhooks/inbound.repository.ts';
import { mostReplayed } from '../../domain/webhooks/inbound/event-state.ts';
import type { ReplayActivities } from '../../workflows/webhooks/messages.ts';
import type { WorkerServices } from '../services.ts';

/**
 * Has webhooks that came in tried again, piece by piece. Each piece commits how far it has come, so one that is repeated goes
 * on from there.
 *
 * @param limits of one piece, and of one replay
 */
export function createReplayActivities(
  { database }: Pick<WorkerServices, 'database'>,
  limits = { atOnce: 200, most: mostReplayed },
): ReplayActivities {
  return {
    replaySlice: ({ replayId, tenantId }) =>
      database.transaction('webhooks', async ({ sql, publish }) => {
        const replays = new InboundReplayRepository(sql, tenantId);
        const replay = await replays.lock(replayId);
        if (replay.state !== 'running') return { replayed: replay.replayed, left: false };
        const limit = Math.min(limits.atOnce, limits.most - replay.replayed);
        const events = await new InboundRepository(sql, tenantId).replay(replay, limit);
        const actorId = replay.createdBy;
        await publish(
          ...events.map(({ id, run, attempt }) => ({
            type: 'webhook.retry_due',
            tenantId,
            subject: `inbound:${id}`,
            actorId,
            data: { run, attempt, replay: true },
          })),
        );
        const replayed = replay.replayed + events.length;
        const cursor = events.at(-1)?.id ?? replay.cursor;
        const ended = events.length < limit ? 'completed' : 'stopped';
        const left = events.length === limit && replayed < limits.most;
        await replays.goOn(replayId, { state: left ? 'running' : ended, cursor, replayed });
        if (!left)
          await publish({
            type: 'webhooks.replay_ended',
            tenantId,
            subject: `webhook-replay:${replayId}`,
            data: { replay_id: replayId, state: ended, replayed },
          });
        return { replayed, left };
      }),
  };
}
