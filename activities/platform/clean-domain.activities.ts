import { pruneCommands } from '../../db/commands/command.ts';
import type { Database } from '../../db/database.ts';
import { pruneOutbox } from '../../db/outbox/retention.ts';
import type { Sql } from '../../db/sql.ts';
import type { Domain } from '../../domain/domains.ts';
import type { PlatformActivities } from '../../workflows/platform/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from './until-nothing.ts';

const outboxRetentionDays = 7;

/** As the API promises of an Idempotency-Key. */
const commandRetentionHours = 24;

/** A day may leave millions: so many go in a transaction, and what breaks off has not been in vain. */
const rowsAtOnce = 5_000;

export function createPlatformActivities({ database }: { database: Database }): PlatformActivities {
  const pruneAll = (domain: Domain, prune: (sql: Sql) => Promise<number>, signal: AbortSignal) =>
    untilNothing(signal, () => database.transaction(domain, ({ sql }) => prune(sql)));
  return {
    cleanDomain: ({ domain }) =>
      withHeartbeat(async (signal) => ({
        events: await pruneAll(
          domain,
          (sql) => pruneOutbox(sql, domain, outboxRetentionDays, rowsAtOnce),
          signal,
        ),
        commands: await pruneAll(
          domain,
          (sql) => pruneCommands(sql, domain, commandRetentionHours, rowsAtOnce),
          signal,
        ),
      })),
  };
}
