import type { Database } from '../../db/database.ts';
import { eraseUserFromNotifications } from '../../db/notifications/user-erasure.ts';
import type { DomainEvent } from '../../domain/events/event.ts';

/** Forgets users who leave an organisation, or are no more. Idempotent by nature. */
export function createNoticeErasureConsumer({ database }: { database: Database }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  return {
    async handle(events) {
      for (const { tenantId, data } of events)
        await database.transaction('notifications', ({ sql }) =>
          eraseUserFromNotifications(sql, tenantId, String(data['user_id'])),
        );
    },
  };
}
