import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { freezeOrdered } from '../../db/designs/ordered.ts';
import { designLimits } from '../../domain/designs/limits.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { subjectId } from '../../domain/events/subject.ts';

const lines = z
  .array(
    z.object({
      line_id: z.uuid(),
      design_id: z.uuid().optional(),
      design_version: z.int().optional(),
    }),
  )
  .default([]);

/** What `order.created` tells of its lines, and `order.amended` of those that it adds. */
const ordered = z.object({ lines, added: lines });

/**
 * Keeps each version of a design that an order names. Idempotent by the line of the order. What an order names and the
 * organisation does not have – a design of a shop's own builder, say – is nothing to keep.
 */
export function createDesignOrdersConsumer({ database }: { database: Database }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  return {
    async handle(events) {
      for (const { tenantId, subject, data } of events) {
        const orderId = subjectId(subject);
        const { lines: placed, added } = ordered.parse(data);
        for (const line of [...placed, ...added]) {
          const { line_id: lineId, design_id: designId, design_version: version } = line;
          if (designId === undefined || version === undefined || version > designLimits.versions) continue;
          await database.transaction('designs', async ({ sql, publish }) => {
            if (!(await freezeOrdered(sql, tenantId, { lineId, orderId, designId, version }))) return;
            await publish({
              type: 'design.ordered',
              tenantId,
              subject: `design:${designId}`,
              data: { version, order_id: orderId, line_id: lineId },
            });
          });
        }
      }
    },
  };
}
