import type { Batch } from '../../db/search/batch.ts';
import { bookPaid, fenceAllRanges, lostRows } from '../../db/search/batch-lost-calls.ts';
import { releaseAllRanges } from '../../db/search/batch-ranges.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { effectKeyOf, scopeOf, type SearchServices } from './batch-row-searcher.ts';

/**
 * Takes back all ranges of a batch that nobody works on any more. What attempts that were lost have paid for rows that
 * have no result comes on the bill of the batch, and so does the most that calls whose end is unknown may have cost: nothing
 * stays reserved for them. What they have cost indeed is counted with the result of the row.
 *
 * @param isOver the rows will not be searched again: such calls are closed, also of rows that have waited
 */
export async function takeBackRanges(
  { database, engine }: Pick<SearchServices, 'database' | 'engine'>,
  batch: Batch,
  isOver: boolean,
): Promise<void> {
  const { id, tenantId } = batch;
  const token = await database.read('search', ({ sql }) => fenceAllRanges(sql, id));
  if (token === null && !isOver) return;
  for (let after = 0; ;) {
    const rows = await database.read('search', ({ sql }) => lostRows(sql, id, after, isOver));
    const last = rows.at(-1);
    if (!last) break;
    after = last.rowNo;
    const keys = rows.map((row) => effectKeyOf(batch, row));
    const paidByKey = await engine.paid(scopeOf(batch), keys, isOver);
    const paid = rows
      .map(({ rowNo, paidMicros }, index) => ({
        rowNo,
        before: paidMicros,
        micros: paidByKey.get(keys[index] ?? '') ?? 0n,
      }))
      .filter(({ before, micros }) => micros !== before);
    if (paid.length === 0) continue;
    await database.transaction('search', async ({ sql }) => {
      await bookPaid(sql, await new BatchRepository(sql).lock(tenantId, id), paid);
    });
  }
  if (token === null) return;
  await database.read('search', ({ sql }) => releaseAllRanges(sql, id, token));
}
