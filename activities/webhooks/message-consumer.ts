import type { Database } from '../../db/database.ts';
import { fanOut } from '../../db/webhooks/fan-out.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { messageOf } from '../../domain/webhooks/public-events.ts';

/** Makes messages to endpoints of the events that organisations may hear. One transaction for many events, idempotent by their IDs. */
export function createWebhookMessageConsumer({ database }: { database: Database }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  return {
    async handle(events) {
      const messages = events.map(messageOf).filter((message) => message !== null);
      await database.transaction('webhooks', (transaction) => fanOut(transaction, messages));
    },
  };
}
