import type { ExportKind } from '../domain/identity/export.ts';
import type { Sql } from './sql.ts';

/** The types of keys, each with a value that lies before all others. */
const least = {
  uuid: '00000000-0000-0000-0000-000000000000',
  integer: '0',
  bigint: '0',
  date: '-infinity',
  timestamptz: '-infinity',
  text: '',
} as const;

/** A file of an export: rows of one kind, as a domain keeps them. */
export interface ExportedFile {
  /** In the archive it is `<domain>/<name>.ndjson`. */
  name: string;
  /** One sentence for whoever opens the archive. */
  about: string;
  kinds: readonly ExportKind[];
  /** Each column by its name: one that is not named is not exported, so no secret slips in when it is added. */
  select: string;
  /**
   * `from … where …`. `$1` is the tenant, `$2` the user who has asked; `$3` the most rows of a page, and from `$4` on the key
   * of the last row before it, for parts that have to cut themselves short.
   */
  from: string;
  /** Rows of which one is also a person's who is only mentioned in it, within a sentence. */
  mentions?: true;
  /** Each row has a `file`, the name in the archive of the object at its `object_key`; null without one. */
  withFiles?: true;
  /** Columns that are unique together and never null, in the order of an index: rows come in it, and are found again by it. */
  key: readonly { of: string; type: keyof typeof least }[];
  /** The most rows of a page, which is held in memory: fewer than usual where one row may be large. */
  rowsAtOnce?: number;
}

/** Whose data, and who has asked. */
export interface ExportOf {
  tenantId: string;
  userId: string;
}

export interface ExportedRow {
  /** Its key, as text. */
  position: string[];
  /** One line of JSON. */
  line: string;
}

/** Up to so many rows of a file behind a place. The database writes the JSON: nothing of it is read here. */
export async function readExportedRows(
  sql: Sql,
  file: ExportedFile,
  { tenantId, userId }: ExportOf,
  after: readonly string[] | null,
  limit: number,
): Promise<ExportedRow[]> {
  const key = file.key.map(({ of }) => of).join(', ');
  const given = file.key.map(({ type }, index) => `$${index + 4}::${type}`).join(', ');
  const position = file.key.map(({ of }) => `(${of})::text`).join(', ');
  // A line break between the values of a column that is stored as text of JSON would end the line too early.
  return await sql<ExportedRow>(
    `select json_build_array(${position}) as position,
       translate((select row_to_json(exported_row) from (select ${file.select}) as exported_row)::text, E'\\n\\r', '') as line
     ${file.from} and $2::uuid is not null and (${key}) > (${given}) order by ${key} limit $3`,
    [tenantId, userId, limit, ...(after ?? file.key.map(({ type }) => least[type]))],
  );
}
