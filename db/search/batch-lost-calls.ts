import { v7 as uuidv7 } from 'uuid';
import type { Sql } from '../sql.ts';
import type { Batch } from './batch.ts';

/** A row whose step may have been lost. */
export interface LostRow {
  rowNo: number;
  /** Which time it is searched. */
  attempt: number;
  /** What is on the bill for it. */
  paidMicros: bigint;
}

/** So many rows are looked at together. */
const atOnce = 5_000;

/**
 * Takes every range that attempts have left behind from whoever may still have it: nobody can ask about its rows or store
 * them any more. Gives the token that the ranges have now; null when there are none.
 */
export async function fenceAllRanges(sql: Sql, batchId: string): Promise<string | null> {
  const token = uuidv7();
  const fenced = await sql(
    'update search.batch_chunks set token = $2 where batch_id = $1 returning 1',
    [batchId, token],
    'search.fence_all_ranges',
  );
  return fenced.length > 0 ? token : null;
}

/**
 * The next rows without a result of ranges that were left behind, in order.
 *
 * @param alsoPaid and those that are on the bill already
 */
export async function lostRows(
  sql: Sql,
  batchId: string,
  afterRow: number,
  alsoPaid: boolean,
): Promise<LostRow[]> {
  const rows = await sql<Omit<LostRow, 'paidMicros'> & { paid: string }>(
    `select row_no as "rowNo", attempt, paid_micros::text as paid from search.batch_rows r
     where batch_id = $1 and row_no > $2 and leader_row_no is null
       and (($4 and paid_micros > 0)
            or exists (select 1 from search.batch_chunks c
                       where c.batch_id = $1 and r.row_no between c.first_row and c.last_row))
       and not exists (select 1 from search.batch_results d
                       where d.batch_id = $1 and d.row_no = r.row_no and d.row_no > $2)
     order by row_no limit $3`,
    [batchId, afterRow, atOnce, alsoPaid],
  );
  return rows.map(({ paid, ...row }) => ({ ...row, paidMicros: BigInt(paid) }));
}

/**
 * Puts on the bill what calls for rows have cost, in place of what was there for them. Call it in a transaction that has
 * the batch locked.
 *
 * @param paid all that each row has cost so far
 */
export async function bookPaid(
  sql: Sql,
  batch: Batch,
  paid: readonly { rowNo: number; micros: bigint }[],
): Promise<void> {
  if (paid.length === 0) return;
  await sql(
    `with changed as (
       update search.batch_rows r set paid_micros = given.micros
       from unnest($2::int[], $3::bigint[]) as given (row_no, micros)
       join search.batch_rows before on before.batch_id = $1 and before.row_no = given.row_no
       where r.batch_id = $1 and r.row_no = given.row_no and r.paid_micros <> given.micros
       returning given.micros - before.paid_micros as micros
     )
     update search.batches
     set cost_micros = cost_micros + coalesce((select sum(micros) from changed), 0), revision = revision + 1, updated_at = clock_timestamp()
     where id = $1`,
    [batch.id, paid.map(({ rowNo }) => rowNo), paid.map(({ micros }) => String(micros))],
  );
}
