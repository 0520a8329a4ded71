import type { RowStatus } from '../../domain/search/batch.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import type { Sql } from '../sql.ts';

/** The best person found for a row, as it is kept with the row. */
export interface StoredMatch {
  personId: string | null;
  recordSetId: string | null;
  provider: string;
  matchedOn: readonly string[];
  fields: PersonFields;
}

/** A row of a batch with what has come of it so far. */
export interface BatchRowResult {
  rowNo: number;
  rowKey: string | null;
  values: string[];
  status: RowStatus | 'pending';
  code: string | null;
  message: string | null;
  score: number | null;
  costMicros: bigint;
  searchId: string | null;
  cached: boolean;
  /** The earlier row with the same question, whose answer this is; null when it was asked itself. */
  sameAsRow: number | null;
  match: StoredMatch | null;
  /** JSON, as it was stored: files hold it as it is, and to read a million of them to write them again would take time. */
  factsJson: string | null;
}

/** Rows in the order of the file, each with its result, after a row number. */
export async function readResults(
  sql: Sql,
  batchId: string,
  afterRow: number,
  limit: number,
  status?: RowStatus | 'pending',
): Promise<BatchRowResult[]> {
  const filter =
    status === undefined ? '' : status === 'pending' ? 'and d.status is null' : 'and d.status = $4';
  const rows = await sql<Omit<BatchRowResult, 'costMicros'> & { costMicros: string }>(
    `select r.row_no as "rowNo", r.row_key as "rowKey", r.input as values, coalesce(d.status, 'pending') as status,
       d.code, d.message, d.score, coalesce(d.cost_micros, 0)::text as "costMicros", d.search_id as "searchId",
       coalesce(d.cached, false) as cached, r.leader_row_no as "sameAsRow", d.match, d.facts::text as "factsJson"
     from search.batch_rows r
       left join search.batch_results d on d.batch_id = r.batch_id and d.row_no = r.row_no and d.row_no > $2
     where r.batch_id = $1 and r.row_no > $2 ${filter} order by r.row_no limit $3`,
    [batchId, afterRow, limit, ...(filter.includes('$4') ? [status] : [])],
  );
  return rows.map((row) => ({ ...row, costMicros: BigInt(row.costMicros) }));
}

/** Deletes up to `limit` rows of a batch with their results. Gives how many; call it until that is 0. */
export async function deleteSomeRows(sql: Sql, batchId: string, limit: number): Promise<number> {
  const [row] = await sql<{ rows: number }>(
    `with doomed as (
       select row_no from search.batch_rows where batch_id = $1 order by row_no limit $2
     ), results as (
       delete from search.batch_results d using doomed where d.batch_id = $1 and d.row_no = doomed.row_no
     ), rows as (
       delete from search.batch_rows r using doomed where r.batch_id = $1 and r.row_no = doomed.row_no returning 1
     ) select count(*)::int as rows from rows`,
    [batchId, limit],
  );
  return row?.rows ?? 0;
}
