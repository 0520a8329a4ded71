import type { RowStatus } from '../../domain/search/batch.ts';
import { Failure } from '../../domain/failure.ts';
import { plainArray, textArray } from '../array-literal.ts';
import type { Sql } from '../sql.ts';
import { batchColumns, toBatch, type Batch, type BatchRow } from './batch.ts';
import { endFence, holdFence, type RangeLease } from './batch-ranges.ts';

/** So many rows are few: any plan does for them, and one that is kept saves making it. */
const few = 100;

/** A row that waits for its answer. */
export interface PendingRow {
  rowNo: number;
  values: string[];
  /** Which time it is searched: 1, or more when failed rows are tried again. */
  attempt: number;
  /** What calls for it have cost already, while it waited for another provider. It is on the batch's bill. */
  paidMicros: bigint;
}

/** What has come of a row that was searched. */
export interface RowResult {
  rowNo: number;
  status: RowStatus;
  code: string | null;
  message: string | null;
  score: number | null;
  /** All that the row has cost. */
  costMicros: bigint;
  /** How much of it is on the batch's bill already. */
  paidMicros: bigint;
  searchId: string | null;
  cached: boolean;
  /** The best person found. */
  match: unknown;
  facts: unknown;
  attempt: number;
}

/**
 * The next rows of a range without a result, in order. Rows that an equal one answers for are left to that one. (Results
 * are bounded as rows are, here and below: a merge of both would begin at the first result of the batch each time.)
 */
export async function pendingRows(
  sql: Sql,
  batchId: string,
  from: number,
  to: number,
  limit: number,
): Promise<PendingRow[]> {
  const rows = await sql<Omit<PendingRow, 'paidMicros'> & { paid: string }>(
    `select row_no as "rowNo", input as values, attempt, paid_micros::text as paid from search.batch_rows r
     where batch_id = $1 and row_no between $2 and $3 and leader_row_no is null
       and not exists (select 1 from search.batch_results d
                       where d.batch_id = $1 and d.row_no = r.row_no and d.row_no between $2 and $3)
     order by row_no limit $4`,
    [batchId, from, to, limit],
    to - from < few ? 'search.few_pending_rows' : undefined,
  );
  return rows.map(({ paid, ...row }) => ({ ...row, paidMicros: BigInt(paid) }));
}

/**
 * Stores the results of rows and of the rows equal to them, and counts both. The row of each result can be inserted only
 * once, whoever tries: a second insert fails the whole transaction.
 *
 * @param isLast lets go of the range, of which nothing is left
 * @throws Failure `search.batch_range_lost` when the lease is no longer this attempt's, or the batch no longer searches
 */
export async function storeResults(
  sql: Sql,
  tenantId: string,
  lease: RangeLease,
  results: readonly RowResult[],
  isLast: boolean,
): Promise<Batch> {
  await (isLast ? endFence(sql, lease) : holdFence(sql, lease));
  const counted = await sql<{ status: RowStatus; rows: number; cost: string }>(
    insertResults,
    [
      lease.batchId,
      tenantId,
      plainArray(results.map(({ rowNo }) => rowNo)),
      plainArray(results.map(({ status }) => status)),
      textArray(results.map(({ code }) => code)),
      textArray(results.map(({ message }) => message)),
      plainArray(results.map(({ score }) => score)),
      plainArray(results.map(({ costMicros }) => costMicros)),
      plainArray(results.map(({ searchId }) => searchId)),
      plainArray(results.map(({ cached }) => cached)),
      textArray(results.map(({ match }) => jsonOrNull(match))),
      textArray(results.map(({ facts }) => jsonOrNull(facts))),
      plainArray(results.map(({ attempt }) => attempt)),
    ],
    results.length <= few ? 'search.insert_few_results' : undefined,
  );
  const count = (status: RowStatus): number => counted.find((one) => one.status === status)?.rows ?? 0;
  const paid = results.reduce((sum, { paidMicros }) => sum + paidMicros, 0n);
  const cost = counted.reduce((sum, one) => sum + BigInt(one.cost), 0n) - paid;
  const rows = counted.reduce((sum, one) => sum + one.rows, 0);
  // Last, because the other chunks of the batch wait for this row until we commit.
  const updated = await sql<BatchRow>(
    countResults,
    [lease.batchId, count('found'), count('not_found'), count('failed'), count('skipped'), cost, rows],
    'search.count_results',
  );
  const [batch] = updated.map(toBatch);
  if (!batch) throw new Failure('search.batch_range_lost', 'The batch is no longer searched.');
  return batch;
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

const insertResults = `
  with given as (
    select * from unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::real[], $8::bigint[], $9::uuid[],
                         $10::bool[], $11::json[], $12::json[], $13::smallint[])
      as given (n, s, c, m, p, k, i, h, t, f, a)
  ), spread as (
    select n, s, c, m, p, k, i, h, t, f, a from given
    union all
    select r.row_no, s, c, m, p, 0, i, h, t, f, a
    from given join search.batch_rows r on r.batch_id = $1 and r.leader_row_no = given.n
  ), written as (
    insert into search.batch_results
      (batch_id, row_no, tenant_id, status, code, message, score, cost_micros, search_id, cached, match, facts, attempt)
    select $1, n, $2, s, c, m, p, k, i, h, t, f, a from spread
    returning status, cost_micros
  )
  select status, count(*)::int as rows, sum(cost_micros)::text as cost from written group by status`;

/** The rate follows the last ten seconds: each step of n rows after d seconds weighs 1 − e^(−d/10). */
const countResults = `
  update search.batches set
    rows_found = rows_found + $2, rows_not_found = rows_not_found + $3, rows_failed = rows_failed + $4,
    rows_skipped = rows_skipped + $5, cost_micros = cost_micros + $6, revision = revision + 1, updated_at = clock_timestamp(),
    rate = rate + (1 - exp(-since.seconds / 10)) * ($7 / since.seconds - rate),
    progress_at = clock_timestamp()
  from (select greatest(0.001, extract(epoch from clock_timestamp() - coalesce(progress_at, clock_timestamp())))::float8
          as seconds from search.batches where id = $1) as since
  where id = $1 and phase = 'searching'
  returning ${batchColumns}`;

/** Ends up to `limit` rows without a result as skipped. Gives how many there were; call it until that is 0. */
export async function skipRows(
  sql: Sql,
  batch: Batch,
  afterRow: number,
  limit: number,
): Promise<{ rows: number; lastRow: number }> {
  const [row] = await sql<{ rows: number; last: number | null }>(
    `with skipped as (
       insert into search.batch_results (batch_id, row_no, tenant_id, status, code, message, attempt, cost_micros)
       select $1, row_no, $2, 'skipped', 'search.row_cancelled', 'The batch was cancelled before this row was searched.',
         attempt, paid_micros
       from search.batch_rows r
       where batch_id = $1 and row_no > $3
         and not exists (select 1 from search.batch_results d
                         where d.batch_id = $1 and d.row_no = r.row_no and d.row_no > $3)
       order by row_no limit $4
       returning row_no
     ) select count(*)::int as rows, max(row_no) as last from skipped`,
    [batch.id, batch.tenantId, afterRow, limit],
  );
  const rows = row?.rows ?? 0;
  if (rows > 0) {
    await sql(
      `update search.batches set rows_skipped = rows_skipped + $2, revision = revision + 1, updated_at = clock_timestamp()
       where id = $1`,
      [batch.id, rows],
    );
  }
  return { rows, lastRow: row?.last ?? afterRow };
}

/**
 * Takes back the results of rows that may do better another time. Gives how many.
 *
 * @param codes of failures for which trying again makes sense
 */
export async function reopenRows(sql: Sql, batch: Batch, codes: readonly string[]): Promise<number> {
  const [row] = await sql<{ failed: number; skipped: number }>(
    `with gone as (
       delete from search.batch_results
       where batch_id = $1 and tenant_id = $2 and status in ('failed', 'skipped') and code = any($3::text[])
       returning row_no, status
     ), again as (
       update search.batch_rows r set attempt = attempt + 1, paid_micros = 0 from gone
       where r.batch_id = $1 and r.row_no = gone.row_no
     ) select count(*) filter (where status = 'failed')::int as failed,
              count(*) filter (where status = 'skipped')::int as skipped from gone`,
    [batch.id, batch.tenantId, codes],
  );
  const { failed = 0, skipped = 0 } = row ?? {};
  await sql(
    `update search.batches set rows_failed = rows_failed - $2, rows_skipped = rows_skipped - $3 where id = $1`,
    [batch.id, failed, skipped],
  );
  return failed + skipped;
}
