import { forgetOldMessages, releaseWaiting } from '../../db/webhooks/outbound-retention.ts';
import { resealWebhookSecrets } from '../../services/webhooks/resealing.ts';
import type { OutboundUpkeepActivities } from '../../workflows/webhooks/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from '../platform/until-nothing.ts';
import type { WorkerServices } from '../services.ts';

const rowsAtOnce = 2_000;

/** Deletes what is kept no longer, and seals anew what a former key has sealed. It can be repeated, and what one run leaves is the next one's. */
export function createOutboundUpkeepActivities({
  database,
  config,
  log,
}: Pick<WorkerServices, 'database' | 'config' | 'log'>): OutboundUpkeepActivities {
  return {
    forgetMessages: () =>
      withHeartbeat(async (signal) => {
        const removed = await untilNothing(signal, () =>
          database.transaction('webhooks', ({ sql }) =>
            forgetOldMessages(sql, config.WEBHOOK_RETENTION_DAYS, rowsAtOnce),
          ),
        );
        await database.transaction('webhooks', ({ sql }) => releaseWaiting(sql));
        return { removed };
      }),
    resealSecrets: () =>
      withHeartbeat(async () => ({
        resealed: await resealWebhookSecrets(database, config.ENCRYPTION_KEYS, log),
      })),
  };
}
