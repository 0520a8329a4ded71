import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { markStatisticsDue, type TenantDay } from '../../db/search/statistics.repository.ts';
import type { DomainEvent } from '../../domain/events/event.ts';

/** What the events of searches say of the days on which they were. */
const eventData = z.looseObject({ days: z.array(z.iso.date()).max(1_000) });

/** Marks the days whose search statistics must be counted again. Idempotent: a day is due once, however often marked. */
export function createSearchStatisticsConsumer({ database }: { database: Database }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  return {
    handle: async (events) => {
      const days = events.flatMap(daysOf);
      await database.read('search', ({ sql }) => markStatisticsDue(sql, days));
    },
  };
}

/** An event that names no days is counted on its own. */
function daysOf({ tenantId, occurredAt, data }: DomainEvent): TenantDay[] {
  const named = eventData.safeParse(data);
  const days = named.success ? named.data.days : [occurredAt.slice(0, 10)];
  return days.map((day) => ({ tenantId, day }));
}
