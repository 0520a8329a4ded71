import type { Database } from '../../db/database.ts';
import { addressOfUser } from '../../db/identity/mail-facts.ts';
import { countsOf } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { Failure } from '../../domain/failure.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { batchEndedMail } from '../../domain/search/batch-mail.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { Config } from '../../platform/config.ts';
import { renderMail } from '../../platform/mail/layout.ts';
import type { Mailer } from '../../platform/mail/mailer.ts';

/**
 * Mails whoever has started a batch when it has ended. It hears the event rather than being a step of the workflow, so a
 * mail server that is down holds nothing up and loses nothing.
 */
export function createBatchMailConsumer(parts: {
  database: Database;
  mailer: Mailer;
  config: Pick<Config, 'PUBLIC_URL'>;
}): { handle(events: DomainEvent[]): Promise<void> } {
  const { database, mailer, config } = parts;

  const mail = async ({ id, tenantId, subject, type }: DomainEvent): Promise<void> => {
    const batchId = subject.replace('batch:', '');
    const batch = await database
      .read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, batchId))
      .catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'search.batch_not_found') return null;
        throw error;
      });
    // Deleted meanwhile, or started by somebody who has left.
    if (!batch) return;
    const to = await database.read('identity', ({ sql }) => addressOfUser(sql, batch.createdBy));
    if (to === null) return;
    const ended = {
      id: batch.id,
      name: batch.name,
      phase: type.replace('search.batch_', '') as 'completed' | 'cancelled' | 'failed',
      rows: countsOf(batch),
      cost: `${formatDecimal(batch.costMicros)} ${batch.currency}`,
      problem: batch.problem?.message ?? null,
    };
    await mailer.send({ to, id, ...renderMail(batchEndedMail(ended, config.PUBLIC_URL)) });
  };

  return {
    async handle(events) {
      for (const event of events) await mail(event);
    },
  };
}
