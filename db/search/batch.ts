import type { BatchWait } from '../../domain/search/batch-wait.ts';
import { batchState, type BatchHold, type BatchPhase, type RowCounts } from '../../domain/search/batch.ts';
import type { Mapping } from '../../domain/search/mapping.ts';
import type { QueryKind } from '../../domain/search/query.ts';

/** A file in the object storage. */
export interface StoredFile {
  key: string;
  /** As its sender called it; only ever shown. */
  name: string;
  bytes: number;
  sha256: string | null;
}

/** How a table file turned out to be written. */
export interface TableFormat {
  format: 'csv' | 'ndjson';
  compression: 'gzip' | 'none';
  encoding: string;
  delimiter: string | null;
}

/** How each row is searched: what `SearchOptions` has, as JSON. */
export interface BatchOptions {
  minScore: number;
  requiredFields: string[];
  /** Most that one row may cost, in micros, as a decimal string. */
  rowBudget: string | null;
  recordSetIds: string[] | null;
  useCache: boolean;
}

/** What came of telling the receiver that the batch has ended. */
export interface BatchWebhook {
  url: string;
  /** The key of the ring that the signing secret is derived from. */
  keyId: string;
  state: 'pending' | 'delivered' | 'failed';
  attempts: number;
  /** Of the latest attempt. */
  lastError: string | null;
  deliveredAt: string | null;
}

export interface ResultFiles {
  csv: { key: string; bytes: number };
  ndjson: { key: string; bytes: number };
  errors: { key: string; bytes: number };
}

/** A problem of the whole file, for its owner to read. */
export interface ProcessProblem {
  code: string;
  message: string;
  issues?: { pointer: string; message: string }[];
}

export interface Batch {
  id: string;
  tenantId: string;
  name: string;
  kind: QueryKind;
  phase: BatchPhase;
  hold: BatchHold | null;
  run: number;
  /** Counts every change, of progress too. */
  revision: number;
  /** Counts the changes that people make. */
  version: number;
  file: StoredFile;
  mapping: Mapping;
  options: BatchOptions;
  priority: number;
  concurrency: number;
  currency: string;
  budgetMicros: bigint | null;
  costMicros: bigint;
  /** The file's own columns; null until they are known. */
  columns: string[] | null;
  format: TableFormat | null;
  /** Null until the file is validated. */
  rowsTotal: number | null;
  rowsIngested: number;
  rowsFound: number;
  rowsNotFound: number;
  rowsFailed: number;
  rowsSkipped: number;
  /** Rows that say the same as an earlier one, and were answered with it. */
  rowsDuplicate: number;
  /** Rows a second, over the last ten seconds or so. */
  rate: number;
  /** Rows wait for a provider; null when none does. */
  waiting: BatchWait | null;
  resultFiles: ResultFiles | null;
  problem: ProcessProblem | null;
  webhook: BatchWebhook | null;
  traceId: string | null;
  createdBy: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  updatedAt: Date;
  /** The database's time at which this was read. */
  readAt: Date;
}

/** The columns of `search.batches` as a `BatchRow`, with counts as numbers. */
export const batchColumns = `id, tenant_id as "tenantId", name, kind, phase, hold, run, revision::float8 as revision, version,
  file, mapping, options, priority, concurrency, currency, budget_micros::text as "budgetMicros",
  cost_micros::text as "costMicros", columns, format, rows_total::float8 as "rowsTotal",
  rows_ingested::float8 as "rowsIngested", rows_found::float8 as "rowsFound",
  rows_not_found::float8 as "rowsNotFound", rows_failed::float8 as "rowsFailed",
  rows_skipped::float8 as "rowsSkipped", rows_duplicate::float8 as "rowsDuplicate", rate, waiting,
  result_files as "resultFiles", problem, webhook, trace_id as "traceId", created_by as "createdBy",
  created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt", updated_at as "updatedAt",
  clock_timestamp() as "readAt"`;

type Moments = 'createdAt' | 'startedAt' | 'finishedAt' | 'updatedAt' | 'readAt';

/** A row as the driver gives it: times and money as text. */
export type BatchRow = Omit<Batch, 'budgetMicros' | 'costMicros' | Moments> & {
  budgetMicros: string | null;
  costMicros: string;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  updatedAt: string;
  readAt: string;
};

export function toBatch(row: BatchRow): Batch {
  return {
    ...row,
    budgetMicros: row.budgetMicros === null ? null : BigInt(row.budgetMicros),
    costMicros: BigInt(row.costMicros),
    createdAt: new Date(row.createdAt),
    startedAt: row.startedAt === null ? null : new Date(row.startedAt),
    finishedAt: row.finishedAt === null ? null : new Date(row.finishedAt),
    updatedAt: new Date(row.updatedAt),
    readAt: new Date(row.readAt),
  };
}

/** Rows by status. While the number of rows is not known yet, the rows read so far stand for it. */
export function countsOf(batch: Batch): RowCounts {
  const { rowsFound, rowsNotFound, rowsFailed, rowsSkipped } = batch;
  const total = batch.rowsTotal ?? batch.rowsIngested;
  return {
    found: rowsFound,
    not_found: rowsNotFound,
    failed: rowsFailed,
    skipped: rowsSkipped,
    pending: Math.max(0, total - rowsFound - rowsNotFound - rowsFailed - rowsSkipped),
  };
}

/** What rows of a batch that is at work wait for; null when none does. */
export function waitOf(batch: Batch): BatchWait | null {
  return batchState(batch) === 'searching' ? batch.waiting : null;
}

/** Seconds until the last row, at the present rate; null while that says nothing. */
export function secondsLeft(batch: Batch): number | null {
  if (batchState(batch) !== 'searching' || batch.rate <= 0 || batch.waiting) return null;
  return Math.ceil(countsOf(batch).pending / batch.rate);
}
