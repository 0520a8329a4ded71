import {
  buryUnclaimed,
  firstDelivery,
  forgetDeletedSources,
  forgetOldInbound,
  takeDue,
  takeReleased,
} from '../../db/webhooks/inbound-upkeep.ts';
import { bodyRetentionDays, logRetentionDays } from '../../domain/webhooks/inbound/event-state.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { createReconciliation } from '../../services/webhooks/reconciliation.ts';
import type { InboundUpkeepActivities } from '../../workflows/webhooks/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from '../platform/until-nothing.ts';
import type { WorkerServices } from '../services.ts';

const atOnce = 200;
const deliveriesAtOnce = 2_000;
const unclaimed = {
  code: 'webhooks.subject_unknown',
  message: 'What it speaks of has not become known here.',
} as const;

export function createInboundUpkeepActivities({
  database,
  config,
  metrics,
  log,
}: Pick<WorkerServices, 'database' | 'config' | 'metrics' | 'log'>): InboundUpkeepActivities {
  const secrets = new SourceSecrets(config.ENCRYPTION_KEYS);
  const wakeSome = async (take: typeof takeDue): Promise<number> =>
    await database.transaction('webhooks', async ({ sql, publish }) => {
      const due = await take(sql, atOnce);
      await publish(
        ...due.map(({ id, tenantId, run, attempt }) => ({
          type: 'webhook.retry_due',
          tenantId,
          subject: `inbound:${id}`,
          data: { run, attempt },
        })),
      );
      return due.length;
    });
  const burySome = async (): Promise<number> =>
    await database.transaction('webhooks', async ({ sql, publish }) => {
      const buried = await buryUnclaimed(sql, atOnce, unclaimed);
      await publish(
        ...buried.map(({ id, tenantId, sourceId, topic }) => ({
          type: 'webhook.dead',
          tenantId,
          subject: `inbound:${id}`,
          data: { source_id: sourceId, topic, cause: unclaimed.code },
        })),
      );
      return buried.length;
    });
  return {
    wakeInbound: () =>
      withHeartbeat(async (signal) => {
        await untilNothing(signal, () =>
          database.transaction('webhooks', ({ sql }) => forgetDeletedSources(sql, deliveriesAtOnce)),
        );
        const due = await untilNothing(signal, () => wakeSome(takeDue));
        const released = await untilNothing(signal, () => wakeSome(takeReleased));
        const buried = await untilNothing(signal, burySome);
        if (buried > 0) metrics.inboundAttempts.inc({ kind: 'unclaimed', state: 'dead' }, buried);
        return { woken: due + released, buried };
      }),
    forgetInbound: () =>
      withHeartbeat(async (signal) => {
        const days = { bodies: bodyRetentionDays, log: logRetentionDays };
        let removed = 0;
        for (let after: string | null = firstDelivery; after !== null;) {
          signal.throwIfAborted();
          const from: string = after;
          const page = await database.transaction('webhooks', ({ sql }) =>
            forgetOldInbound(sql, days, from, deliveriesAtOnce),
          );
          removed += page.gone;
          after = page.reached;
        }
        return { removed };
      }),
    reconcileSources: () =>
      withHeartbeat(async (signal) => {
        const reconciliation = createReconciliation({ database, secrets, config, log });
        try {
          return await reconciliation.run(signal);
        } finally {
          await reconciliation.close();
        }
      }),
  };
}
