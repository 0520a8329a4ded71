import type { BatchWait } from '../../domain/search/batch-wait.ts';
import type { Sql } from '../sql.ts';
import { batchColumns, toBatch, type Batch, type BatchRow } from './batch.ts';

/** A row without a result, and what its calls have cost since it was last put off. */
export interface PaidRow {
  rowNo: number;
  micros: bigint;
}

/**
 * Notes that rows wait, or no longer do, and puts on the bill what calls for waiting rows have cost. Call it in the
 * transaction that stores the results of the same step, after those: that one holds the fence and the batch's row.
 */
export async function storeWait(
  sql: Sql,
  batch: Batch,
  waiting: BatchWait | null,
  paid: readonly PaidRow[],
): Promise<Batch> {
  if (paid.length > 0) {
    await sql(
      `update search.batch_rows r set paid_micros = paid_micros + given.micros
       from unnest($2::int[], $3::bigint[]) as given (row_no, micros)
       where r.batch_id = $1 and r.row_no = given.row_no`,
      [batch.id, paid.map(({ rowNo }) => rowNo), paid.map(({ micros }) => String(micros))],
    );
  }
  const cost = paid.reduce((sum, { micros }) => sum + micros, 0n);
  const rows = await sql<BatchRow>(
    `update search.batches set waiting = $3, cost_micros = cost_micros + $4, revision = revision + 1, updated_at = clock_timestamp()
     where tenant_id = $1 and id = $2 returning ${batchColumns}`,
    [batch.tenantId, batch.id, waiting && JSON.stringify(waiting), String(cost)],
  );
  const [changed] = rows.map(toBatch);
  if (!changed) throw new Error('A batch whose results were just stored is gone.');
  return changed;
}
