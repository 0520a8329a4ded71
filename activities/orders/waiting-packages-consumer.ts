import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { changeOrder } from '../../db/orders/open-order.ts';
import type { Actor } from '../../db/orders/actor.ts';
import { lookAgain, waitingPackages } from '../../db/orders/parcels.ts';
import type { DomainEvent } from '../../domain/events/event.ts';

const changed = z.looseObject({ sku: z.string().optional(), location: z.string().optional() });

/**
 * Hears that an item was weighed, or who sends from somewhere, and lets the packages go on that have waited for it. Idempotent:
 * a package that does not wait any more is left alone.
 */
export function createWaitingPackagesConsumer({ database }: { database: Database }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  return {
    async handle(events) {
      for (const { tenantId, data, actorId, traceId } of events) {
        const { sku = null, location = null } = changed.parse(data);
        const waiting = await database.read('orders', ({ sql }) =>
          waitingPackages(sql, tenantId, { sku, location }),
        );
        const actor: Actor = { kind: 'user', userId: actorId, traceId };
        for (const { orderId, fulfillmentId } of waiting)
          await database.transaction('orders', (transaction) =>
            changeOrder(transaction, tenantId, orderId, actor, (open) => {
              const one = open.fulfillment(fulfillmentId);
              if (one) lookAgain(open, one);
            }),
          );
      }
    },
  };
}
