import { pruneCommands } from '../../db/commands/command.ts';
import type { Database } from '../../db/database.ts';
import { pruneOutbox } from '../../db/outbox/deliveries.ts';
import type { PlatformActivities } from '../../workflows/platform/messages.ts';

const outboxRetentionDays = 7;

/** As the API promises of an Idempotency-Key. */
const commandRetentionHours = 24;

export function createPlatformActivities({ database }: { database: Database }): PlatformActivities {
  return {
    cleanDomain: ({ domain }) =>
      database.transaction(domain, async ({ sql }) => ({
        events: await pruneOutbox(sql, domain, outboxRetentionDays),
        commands: await pruneCommands(sql, domain, commandRetentionHours),
      })),
  };
}
