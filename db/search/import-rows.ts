import { Failure } from '../../domain/failure.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';
import type { Import } from './import.ts';
import { PersonRepository } from './person.repository.ts';

/** A row of the file: a person, or why it is none. */
export interface ImportedRow {
  rowNo: number;
  line: number;
  values: readonly string[];
  fields: PersonFields;
  problem: { code: string; message: string } | null;
}

/** A rejected row, for the report. */
export interface RejectedRow {
  rowNo: number;
  line: number;
  code: string;
  message: string;
  values: string[];
}

/**
 * Stores the people of the rows that follow those read so far, and the rejected rows, and counts both.
 *
 * @param upTo the last row of the file that this brings in
 * @returns false, and stores nothing, when somebody else has stored them meanwhile or the import is no longer at it
 */
export async function storeRows(
  sql: Sql,
  given: Import,
  rows: readonly ImportedRow[],
  upTo: number,
): Promise<boolean> {
  // Taken before anything is stored: of two attempts at the same rows the later one waits here, and then finds the count
  // moved.
  const mine = await sql(
    `select 1 from search.imports where id = $1 and phase = 'importing' and rows_read = $2 for no key update`,
    [given.id, given.rowsRead],
  );
  if (mine.length === 0) return false;
  const judged = await rejectRepetitions(sql, given, rows);
  const accepted = judged.filter(({ problem }) => problem === null);
  const rejected = judged.filter(({ problem }) => problem !== null);
  const people = new PersonRepository(sql);
  const imported = await people.replace({
    tenantId: given.tenantId,
    recordSetId: given.contentId,
    importId: given.id,
    persons: accepted.map(({ fields, rowNo }) => ({ fields, rowNo })),
  });
  // People are stored for a record set that is there; all or none, as this is the first time for each of these rows.
  if (imported !== accepted.length)
    throw new Failure('search.record_set_not_found', 'The record set was deleted.');
  await insertRejects(sql, given.id, rejected);
  await sql(
    `update search.imports set rows_read = $2, rows_imported = rows_imported + $3, rows_rejected = rows_rejected + $4,
       rate = rate + (1 - exp(-since.seconds / 10)) * ($5 / since.seconds - rate),
       progress_at = clock_timestamp(), revision = revision + 1, updated_at = now()
     from (select greatest(0.001, extract(epoch from clock_timestamp() - coalesce(progress_at, clock_timestamp())))::float8
             as seconds from search.imports where id = $1) as since
     where id = $1`,
    [given.id, upTo, imported, rejected.length, rows.length],
  );
  return true;
}

/** Rejects rows with the external id of an earlier row of the same file: which of the two is right can't be known. */
async function rejectRepetitions(
  sql: Sql,
  { id, contentId }: Import,
  rows: readonly ImportedRow[],
): Promise<ImportedRow[]> {
  const ids = rows.flatMap(({ fields, problem }) =>
    problem === null && fields.external_id !== undefined ? [fields.external_id] : [],
  );
  const stored = await sql<{ externalId: string }>(
    `select external_id as "externalId" from search.persons
     where record_set_id = $1 and external_id = any($2::text[]) and import_id = $3`,
    [contentId, ids, id],
  );
  const taken = new Set(stored.map(({ externalId }) => externalId));
  return rows.map((row) => {
    const externalId = row.fields.external_id;
    if (row.problem !== null || externalId === undefined) return row;
    if (!taken.has(externalId)) {
      taken.add(externalId);
      return row;
    }
    const message = 'An earlier row of the file has the same external id.';
    return { ...row, problem: { code: 'search.row_external_id_repeated', message } };
  });
}

async function insertRejects(sql: Sql, importId: string, rows: readonly ImportedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql(
    `insert into search.import_rejects (import_id, row_no, line, code, message, input)
     select $1, n, l, c, m, i
     from json_to_recordset($2::json) as given (n integer, l integer, c text, m text, i json)`,
    [
      importId,
      JSON.stringify(
        rows.map(({ rowNo, line, values, problem }) => ({
          n: rowNo,
          l: line,
          c: problem?.code,
          m: problem?.message,
          i: values,
        })),
      ),
    ],
  );
}

/** Rejected rows in the order of the file, after a row number. */
export async function readRejects(
  sql: Sql,
  importId: string,
  afterRow: number,
  limit: number,
): Promise<RejectedRow[]> {
  return await sql<RejectedRow>(
    `select row_no as "rowNo", line, code, message, input as values from search.import_rejects
     where import_id = $1 and row_no > $2 order by row_no limit $3`,
    [importId, afterRow, limit],
  );
}

/** Deletes up to `limit` rejected rows of an import. Gives how many; call it until that is 0. */
export async function deleteSomeRejects(sql: Sql, importId: string, limit: number): Promise<number> {
  return await countRows(
    sql,
    `delete from search.import_rejects where import_id = $1 and row_no in (
       select row_no from search.import_rejects where import_id = $1 order by row_no limit $2)`,
    [importId, limit],
  );
}
