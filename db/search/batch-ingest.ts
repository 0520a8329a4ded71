import type { Transaction } from '../database.ts';
import { byteaArray, plainArray, textArray } from '../array-literal.ts';
import type { Sql } from '../sql.ts';
import type { Batch } from './batch.ts';

/** A row of the file, ready to be stored. */
export interface NewBatchRow {
  rowNo: number;
  rowKey: string | null;
  /** Its values, in the order of the file's columns. */
  values: readonly string[];
  /** SHA-256 in hex, equal for rows that ask the same; null for a row that can't be searched. */
  fingerprint: string | null;
  /** Why it can't be searched. */
  problem: { code: string; message: string } | null;
}

/**
 * Stores the rows that follow those already there, and the failures of those that can't be searched.
 *
 * @param upTo the last row of the file that this brings in
 * @returns false, and stores nothing, when somebody else has stored them meanwhile or the batch is no longer at it
 */
export async function appendRows(
  { sql }: Transaction,
  batch: Batch,
  rows: readonly NewBatchRow[],
  upTo: number,
): Promise<boolean> {
  const failed = rows.filter(({ problem }) => problem !== null);
  // The condition is the fence: of two attempts that read the same rows one finds the count moved, and stops.
  const mine = await sql(
    `update search.batches set rows_ingested = $3, rows_failed = rows_failed + $4, revision = revision + 1,
       progress_at = clock_timestamp(), updated_at = clock_timestamp()
     where id = $1 and phase = 'ingesting' and rows_ingested = $2 returning id`,
    [batch.id, batch.rowsIngested, upTo, failed.length],
    'search.count_ingested',
  );
  if (mine.length === 0) return false;
  await sql(
    `insert into search.batch_rows (batch_id, row_no, tenant_id, row_key, input, fingerprint)
     select $1, n, $2, k, i, f
     from unnest($3::int[], $4::text[], $5::json[], $6::bytea[]) as given (n, k, i, f)`,
    [
      batch.id,
      batch.tenantId,
      plainArray(rows.map(({ rowNo }) => rowNo)),
      textArray(rows.map(({ rowKey }) => rowKey)),
      textArray(rows.map(({ values }) => JSON.stringify(values))),
      byteaArray(rows.map(({ fingerprint }) => (fingerprint === null ? null : shortened(fingerprint)))),
    ],
    'search.append_rows',
  );
  if (failed.length > 0) {
    await sql(
      `insert into search.batch_results (batch_id, row_no, tenant_id, status, code, message)
       select $1, n, $2, 'failed', c, m from json_to_recordset($3::json) as given (n integer, c text, m text)`,
      [
        batch.id,
        batch.tenantId,
        JSON.stringify(
          failed.map(({ rowNo, problem }) => ({ n: rowNo, c: problem?.code, m: problem?.message })),
        ),
      ],
    );
  }
  return true;
}

/** 128 bits, as a bytea: for a million rows, two different ones are taken for equal with a probability of one in 10²⁶. */
function shortened(fingerprint: string): string {
  return fingerprint.slice(0, 32);
}

/** So many rows change nothing of what PostgreSQL knows of a table that holds those of all tenants. */
const tooFewToAnalyse = 5_000;

/**
 * Lets PostgreSQL look at the rows that have come in. By itself it does so up to a minute later, and plans until then as
 * though the batch had a handful of rows: joins of it with itself take the square of its length. A small batch does without:
 * it would pay for a look at everybody's rows.
 */
export async function analyseRows(sql: Sql, rows: number): Promise<void> {
  if (rows < tooFewToAnalyse) return;
  // Whoever has the table locked for the same purpose does the same work.
  await sql('analyze (skip_locked) search.batch_rows');
}

/** So many rows are few: any plan does for them, and one that is kept saves making it. */
const few = 100;

/**
 * Once all rows are there: fails those whose key an earlier row has, and lets every group of equal rows be answered by
 * its first one. Nothing comes of doing it twice.
 */
export async function linkRows({ sql }: Transaction, batch: Batch): Promise<void> {
  const isSmall = batch.rowsIngested <= few;
  const [repeated] = await sql<{ rows: number }>(
    `with keyed as (
       select row_no, first_value(row_no) over (partition by row_key order by row_no) as first
       from search.batch_rows where batch_id = $1 and row_key is not null
     ), failed as (
       insert into search.batch_results (batch_id, row_no, tenant_id, status, code, message)
       select $1, row_no, $2, 'failed', 'search.row_key_repeated', 'Row ' || first || ' has the same key.'
       from keyed where row_no > first
       on conflict do nothing returning 1
     ) select count(*)::int as rows from failed`,
    [batch.id, batch.tenantId],
    isSmall ? 'search.fail_few_repeated_rows' : undefined,
  );
  // Whatever is known of the table's contents by now: the groups must not be formed anew for every row.
  if (!isSmall) await sql('set local enable_nestloop = off');
  const [equal] = await sql<{ rows: number }>(
    `with grouped as (
       select row_no, first_value(row_no) over (partition by fingerprint order by row_no) as first
       from search.batch_rows r
       where batch_id = $1 and fingerprint is not null
         and not exists (select 1 from search.batch_results d where d.batch_id = $1 and d.row_no = r.row_no)
     ), linked as (
       update search.batch_rows r set leader_row_no = first from grouped
       where r.batch_id = $1 and r.row_no = grouped.row_no and grouped.row_no > first returning 1
     ) select count(*)::int as rows from linked`,
    [batch.id],
    isSmall ? 'search.link_few_rows' : undefined,
  );
  if (!isSmall) await sql('set local enable_nestloop to default');
  await sql(
    `update search.batches set rows_failed = rows_failed + $2, rows_duplicate = $3 where id = $1`,
    [batch.id, repeated?.rows ?? 0, equal?.rows ?? 0],
    'search.count_linked',
  );
}
