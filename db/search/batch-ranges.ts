import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import type { Batch } from './batch.ts';

/** An attempt's hold on a range of rows. */
export interface RangeLease {
  batchId: string;
  firstRow: number;
  token: string;
}

/**
 * Takes a range of rows in hand. An earlier attempt that may still live can commit nothing from now on, and what it had
 * reserved is free again.
 */
export async function takeRange(sql: Sql, batchId: string, from: number, to: number): Promise<RangeLease> {
  const token = uuidv7();
  await sql(
    `insert into search.batch_chunks as chunk (batch_id, first_row, last_row, token) values ($1, $2, $3, $4)
     on conflict (batch_id, first_row) do update
     set last_row = excluded.last_row, token = excluded.token, attempt = chunk.attempt + 1, reserved_micros = 0,
       taken_at = now()`,
    [batchId, from, to, token],
    'search.take_range',
  );
  return { batchId, firstRow: from, token };
}

/** Lets go of a range; of one that another attempt has taken, nothing. */
export async function releaseRange(sql: Sql, { batchId, firstRow, token }: RangeLease): Promise<void> {
  await sql(
    'delete from search.batch_chunks where batch_id = $1 and first_row = $2 and token = $3',
    [batchId, firstRow, token],
    'search.release_range',
  );
}

/** Takes every range of a batch from whoever has it, with what was reserved for it. */
export async function releaseAllRanges(sql: Sql, batchId: string): Promise<void> {
  await sql('delete from search.batch_chunks where batch_id = $1', [batchId], 'search.release_all_ranges');
}

/**
 * Reserves money for searching some rows, so that chunks at work at once can't spend more than the budget together. Call
 * it in a transaction that has the batch locked.
 *
 * @param wanted the most that these rows can cost
 * @returns what they may cost. Less than wanted only when nobody else has a reservation; null when others' reservations
 *   stand in the way, of which some will be given back
 */
export async function reserveBudget(
  sql: Sql,
  batch: Batch,
  lease: RangeLease,
  wanted: bigint,
): Promise<bigint | null> {
  if (batch.budgetMicros === null) return wanted;
  const [row] = await sql<{ reserved: string }>(
    `select coalesce(sum(reserved_micros), 0)::text as reserved from search.batch_chunks
     where batch_id = $1 and first_row <> $2`,
    [batch.id, lease.firstRow],
  );
  const reserved = BigInt(row?.reserved ?? 0);
  const left = batch.budgetMicros - batch.costMicros - reserved;
  if (left < wanted && reserved > 0n) return null;
  const granted = left < wanted ? (left > 0n ? left : 0n) : wanted;
  await holdFence(sql, lease, granted);
  return granted;
}

/** Refuses whoever is not the latest attempt, and keeps a later one waiting until this transaction has ended. */
export async function holdFence(
  sql: Sql,
  { batchId, firstRow, token }: RangeLease,
  reserve: bigint,
): Promise<void> {
  const held = await sql(
    `update search.batch_chunks set reserved_micros = $4
     where batch_id = $1 and first_row = $2 and token = $3 returning 1`,
    [batchId, firstRow, token, reserve],
    'search.hold_fence',
  );
  if (held.length === 0) throw lost();
}

/** The same for what is the last of a range: with the transaction it is let go. */
export async function endFence(sql: Sql, { batchId, firstRow, token }: RangeLease): Promise<void> {
  const held = await sql(
    `delete from search.batch_chunks where batch_id = $1 and first_row = $2 and token = $3 returning 1`,
    [batchId, firstRow, token],
    'search.end_fence',
  );
  if (held.length === 0) throw lost();
}

function lost(): Failure {
  return new Failure('search.batch_range_lost', 'Another attempt has taken these rows over.');
}

/**
 * The ranges of rows that hold some without a result, in order: gaps of less than a hundred rows are bridged, so that
 * there are few ranges, and none holds no such row.
 */
export async function unfinishedRanges(sql: Sql, batchId: string): Promise<{ from: number; to: number }[]> {
  return await sql<{ from: number; to: number }>(
    `with pending as (
       select row_no, row_no - lag(row_no) over (order by row_no) > 100 as starts
       from search.batch_rows r
       where batch_id = $1 and leader_row_no is null
         and not exists (select 1 from search.batch_results d where d.batch_id = $1 and d.row_no = r.row_no)
     ), ranged as (
       select row_no, count(*) filter (where starts) over (order by row_no) as range from pending
     )
     select min(row_no) as "from", max(row_no) as "to" from ranged group by range order by range limit 2000`,
    [batchId],
  );
}
