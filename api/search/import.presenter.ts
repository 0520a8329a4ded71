import type { Import } from '../../db/search/import.ts';
import type { RecordSet } from '../../db/search/record-set.repository.ts';
import { presentFile } from './batch.presenter.ts';

export function presentRecordSet({ id, name, personCount, createdAt, updatedAt }: RecordSet): object {
  return {
    id,
    name,
    people: personCount,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}

/** Where an import is found. */
export function importAddress({ id, recordSetId }: Pick<Import, 'id' | 'recordSetId'>): string {
  return `/v1/record-sets/${recordSetId}/imports/${id}`;
}

/** An import as callers see it. */
export function presentImport(given: Import): object {
  const { rowsTotal, rowsRead, rate, phase } = given;
  const working = phase === 'importing' && rowsTotal !== null && rate > 0;
  return {
    id: given.id,
    record_set_id: given.recordSetId,
    mode: given.mode,
    state: phase,
    file: presentFile(given.file, given.format, given.columns),
    mapping: given.mapping,
    progress: {
      rows: rowsTotal,
      read: rowsRead,
      imported: given.rowsImported,
      rejected: given.rowsRejected,
      percent: rowsTotal ? Math.floor((rowsRead / rowsTotal) * 1_000) / 10 : 0,
      rows_per_second: phase === 'importing' ? Math.round(rate * 10) / 10 : 0,
      eta_seconds: working ? Math.ceil((rowsTotal - rowsRead) / rate) : null,
    },
    problem: given.problem,
    rejected_rows: given.reportFile && `${importAddress(given)}/rejected.csv`,
    created_by: given.createdBy,
    created_at: given.createdAt.toISOString(),
    finished_at: given.finishedAt?.toISOString() ?? null,
    updated_at: given.updatedAt.toISOString(),
  };
}
