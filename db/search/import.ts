import type { ImportMode, ImportPhase } from '../../domain/search/import.ts';
import type { Mapping } from '../../domain/search/mapping.ts';
import type { ProcessProblem, StoredFile, TableFormat } from './batch.ts';

/** An import of people into a record set. */
export interface Import {
  id: string;
  tenantId: string;
  recordSetId: string;
  /** The content that it fills: the visible one, or one of its own that takes its place at the end. */
  contentId: string;
  mode: ImportMode;
  phase: ImportPhase;
  revision: number;
  file: StoredFile;
  mapping: Mapping;
  columns: string[] | null;
  format: TableFormat | null;
  rowsTotal: number | null;
  rowsRead: number;
  rowsImported: number;
  rowsRejected: number;
  rate: number;
  reportFile: { key: string; bytes: number } | null;
  problem: ProcessProblem | null;
  traceId: string | null;
  createdBy: string;
  createdAt: Date;
  finishedAt: Date | null;
  updatedAt: Date;
}

export const importColumns = `id, tenant_id as "tenantId", record_set_id as "recordSetId", content_id as "contentId",
  mode, phase, revision::float8 as revision, file, mapping, columns, format, rows_total::float8 as "rowsTotal",
  rows_read::float8 as "rowsRead", rows_imported::float8 as "rowsImported", rows_rejected::float8 as "rowsRejected",
  rate, report_file as "reportFile", problem, trace_id as "traceId", created_by as "createdBy",
  created_at as "createdAt", finished_at as "finishedAt", updated_at as "updatedAt"`;

/** A row as the driver gives it: times as text. */
export type ImportRow = Omit<Import, 'createdAt' | 'finishedAt' | 'updatedAt'> & {
  createdAt: string;
  finishedAt: string | null;
  updatedAt: string;
};

export function toImport(row: ImportRow): Import {
  return {
    ...row,
    createdAt: new Date(row.createdAt),
    finishedAt: row.finishedAt === null ? null : new Date(row.finishedAt),
    updatedAt: new Date(row.updatedAt),
  };
}
