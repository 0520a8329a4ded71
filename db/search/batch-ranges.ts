import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import type { Batch } from './batch.ts';

/** An attempt's hold on a range of rows. */
export interface RangeLease {
  batchId: string;
  firstRow: number;
  token: string;
  /** What an earlier attempt that was lost had reserved, and may have spent, and up to which row. */
  lost: { to: number; micros: bigint } | null;
}

/**
 * Takes a range of rows in hand. An earlier attempt that may still live can commit nothing from now on. What it had
 * reserved stays so until its rows are searched again: it may have been spent.
 */
export async function takeRange(sql: Sql, batchId: string, from: number, to: number): Promise<RangeLease> {
  const token = uuidv7();
  const [taken] = await sql<{ lostTo: number | null; micros: string }>(
    `insert into search.batch_chunks as chunk (batch_id, first_row, last_row, token) values ($1, $2, $3, $4)
     on conflict (batch_id, first_row) do update
     set last_row = greatest(excluded.last_row, chunk.reserved_to), token = excluded.token,
       attempt = chunk.attempt + 1, taken_at = now()
     returning reserved_to as "lostTo", reserved_micros::text as micros`,
    [batchId, from, to, token],
    'search.take_range',
  );
  const lostTo = taken?.lostTo ?? null;
  const lost = lostTo === null ? null : { to: lostTo, micros: BigInt(taken?.micros ?? 0) };
  return { batchId, firstRow: from, token, lost };
}

/** Lets go of a range; of one that another attempt has taken, or that still holds a lost attempt's money, nothing. */
export async function releaseRange(sql: Sql, { batchId, firstRow, token }: RangeLease): Promise<void> {
  await sql(
    `delete from search.batch_chunks where batch_id = $1 and first_row = $2 and token = $3 and reserved_to is null`,
    [batchId, firstRow, token],
    'search.release_range',
  );
}

/** Forgets every range of a batch that has this token, with what was reserved for it. */
export async function releaseAllRanges(sql: Sql, batchId: string, token: string): Promise<void> {
  await sql(
    'delete from search.batch_chunks where batch_id = $1 and token = $2',
    [batchId, token],
    'search.release_all_ranges',
  );
}

/** Rows that may be searched, and the most that they may cost together; null without a budget. */
export interface Granted<Row> {
  rows: readonly Row[];
  budget: bigint | null;
}

/**
 * Reserves money for searching some rows, so that chunks at work at once can't spend more than the budget together. Call
 * it in a transaction that has the batch locked.
 *
 * @param each the most that a row can cost
 * @returns null when others' reservations stand in the way, of which some will be given back
 */
export async function reserveBudget<Row extends { rowNo: number; paidMicros: bigint }>(
  sql: Sql,
  batch: Batch,
  lease: RangeLease,
  rows: readonly Row[],
  each: bigint,
): Promise<Granted<Row> | null> {
  if (batch.budgetMicros === null) return { rows, budget: null };
  const [row] = await sql<{ reserved: string }>(
    `select coalesce(sum(reserved_micros), 0)::text as reserved from search.batch_chunks
     where batch_id = $1 and first_row <> $2`,
    [batch.id, lease.firstRow],
  );
  const reserved = BigInt(row?.reserved ?? 0);
  const left = batch.budgetMicros - batch.costMicros - reserved;
  const prices = rows.map(({ paidMicros }) => (each > paidMicros ? each - paidMicros : 0n));
  const wanted = prices.reduce((sum, price) => sum + price, 0n);
  // What a lost attempt had reserved for the same rows is ours, and may be spent: there is nothing to wait for.
  if (left < wanted && reserved > 0n && lease.lost === null) return null;
  // Prices may have fallen since a lost attempt paid them.
  const most = lease.lost && rows.length > 0 && lease.lost.micros > wanted ? lease.lost.micros : wanted;
  const budget = left < most ? (left > 0n ? left : 0n) : most;
  // What is left may not do for all of them at the highest price, but most rows cost less: first those it does for.
  const affordable = lease.lost === null ? countAffordable(prices, budget) : 0;
  const first = affordable > 0 ? rows.slice(0, affordable) : rows;
  await holdFence(sql, lease, budget, first.at(-1)?.rowNo ?? null);
  return { rows: first, budget };
}

/** So many prices, from the first on, the money does for. */
function countAffordable(prices: readonly bigint[], money: bigint): number {
  let left = money;
  const beyond = prices.findIndex((price) => {
    left -= price;
    return left < 0n;
  });
  return beyond === -1 ? prices.length : beyond;
}

/**
 * Refuses whoever is not the latest attempt, and lets no later one begin until this transaction has ended: whoever was
 * only thought lost asks nobody any more about rows that others have in hand.
 */
export async function requireFence(sql: Sql, { batchId, firstRow, token }: RangeLease): Promise<void> {
  const held = await sql(
    'select 1 from search.batch_chunks where batch_id = $1 and first_row = $2 and token = $3 for share',
    [batchId, firstRow, token],
    'search.require_fence',
  );
  if (held.length === 0) throw lost();
}

/**
 * Refuses whoever is not the latest attempt, and keeps a later one waiting until this transaction has ended.
 *
 * @param reserve money for the rows up to `reservedTo`
 */
export async function holdFence(
  sql: Sql,
  { batchId, firstRow, token }: RangeLease,
  reserve = 0n,
  reservedTo: number | null = null,
): Promise<void> {
  const held = await sql(
    `update search.batch_chunks set reserved_micros = $4, reserved_to = $5
     where batch_id = $1 and first_row = $2 and token = $3 returning 1`,
    [batchId, firstRow, token, reserve, reservedTo],
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
