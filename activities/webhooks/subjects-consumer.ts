import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { makeKnown } from '../../db/webhooks/inbound-subjects.ts';
import type { DomainEvent } from '../../domain/events/event.ts';

/**
 * Under which names something is known at its providers: `<system>:<kind>:<id>`, as the readers of webhooks name subjects
 * (`stripe:payment_intent:pi_…`, `easypost:tracker:trk_…`, `tracking:<code>`, `order:<our id>`).
 */
const naming = z.object({ external_ids: z.array(z.string().min(1).max(300)).max(100).default([]) });

/**
 * Hears what has become known, and lets the webhooks go on that spoke of it too early. Idempotent: what is known stays known,
 * and only what is parked goes on.
 */
export function createSubjectsConsumer({ database }: { database: Database }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  return {
    async handle(events) {
      for (const { tenantId, data, subject } of events) {
        // What an order's own ID is, its subject tells (`order:<uuid>`).
        const subjects = [subject, ...naming.parse(data).external_ids];
        await database.transaction('webhooks', async ({ sql, publish }) => {
          const woken = await makeKnown(sql, tenantId, subjects);
          await publish(
            ...woken.map(({ id, run, attempt }) => ({
              type: 'webhook.retry_due',
              tenantId,
              subject: `inbound:${id}`,
              data: { run, attempt },
            })),
          );
        });
      }
    },
  };
}
