import { applyCommand, retryableRowCodes, skippedRowCodes } from '../../domain/search/batch.ts';
import type { Transaction } from '../database.ts';
import type { Batch } from './batch.ts';
import { BatchRepository, changeBatch, type Actor } from './batch.repository.ts';
import { reopenRows } from './batch-search.ts';

/**
 * Makes the rows pending again that may do better another time. While rows are searched the present run takes them in;
 * after the end a run of its own does.
 *
 * @param budgetMicros the new cap; undefined: as before
 * @throws Failure `search.batch_not_found`, `search.batch_state`
 */
export async function retryFailedRows(
  transaction: Transaction,
  tenantId: string,
  id: string,
  budgetMicros: bigint | null | undefined,
  actor: Actor,
): Promise<Batch> {
  const batch = await new BatchRepository(transaction.sql).lock(tenantId, id);
  const { phase } = applyCommand('retry-failed', batch);
  const budget = budgetMicros === undefined ? {} : { budgetMicros };
  const rows = await reopenRows(transaction.sql, batch, [...retryableRowCodes, ...skippedRowCodes]);
  if (rows === 0) return batch;
  if (phase === batch.phase) {
    return await changeBatch(
      transaction,
      batch,
      { waiting: null, ...budget },
      { type: 'search.batch_rows_reopened', data: { rows } },
      actor,
    );
  }
  const webhook = batch.webhook && { ...batch.webhook, state: 'pending' as const, attempts: 0 };
  return await changeBatch(
    transaction,
    batch,
    { phase, hold: null, run: batch.run + 1, finishedAt: null, waiting: null, webhook, ...budget },
    { type: 'search.batch_retry_started', data: { rows, priority: batch.priority } },
    actor,
  );
}

/** Deletes a batch that has ended. Its rows and files are what the event asks somebody to delete. */
export async function deleteBatch(transaction: Transaction, batch: Batch, actor: Actor): Promise<void> {
  await transaction.publish({
    type: 'search.batch_deleted',
    tenantId: batch.tenantId,
    subject: `batch:${batch.id}`,
    data: { file_key: batch.file.key },
    actorId: actor.userId,
    traceId: actor.traceId,
  });
  await transaction.sql('delete from search.batches where tenant_id = $1 and id = $2', [
    batch.tenantId,
    batch.id,
  ]);
}
