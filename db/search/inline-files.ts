import { byteaArray } from '../array-literal.ts';
import type { Sql } from '../sql.ts';

/** A small file that is kept in the database. */
export interface InlineFile {
  key: string;
  contentType: string;
  content: Buffer;
}

/** Stores a file in the transaction of whatever it belongs to: both are there, or neither. */
export async function insertInlineFile(sql: Sql, tenantId: string, file: InlineFile): Promise<void> {
  await sql(
    'insert into search.inline_files (key, tenant_id, content_type, content) values ($1, $2, $3, $4)',
    [file.key, tenantId, file.contentType, file.content],
    'search.insert_inline_file',
  );
}

/** The same for several; one of the same name is replaced. */
export async function putInlineFiles(
  sql: Sql,
  tenantId: string,
  files: readonly InlineFile[],
): Promise<void> {
  if (files.length === 0) return;
  await sql(
    `insert into search.inline_files (key, tenant_id, content_type, content)
     select key, $1, content_type, content
     from unnest($2::text[], $3::text[], $4::bytea[]) as given (key, content_type, content)
     on conflict (key) do update set content = excluded.content, content_type = excluded.content_type`,
    [
      tenantId,
      files.map(({ key }) => key),
      files.map(({ contentType }) => contentType),
      byteaArray(files.map(({ content }) => content.toString('hex'))),
    ],
    'search.put_inline_files',
  );
}

export async function readInlineFile(sql: Sql, key: string): Promise<Buffer | null> {
  const [row] = await sql<{ content: Buffer }>('select content from search.inline_files where key = $1', [
    key,
  ]);
  return row?.content ?? null;
}

export interface InlineFileFacts {
  key: string;
  bytes: number;
  modifiedAt: Date;
  contentType: string;
}

/** Facts about the files whose keys start with a prefix. */
export async function listInlineFiles(sql: Sql, prefix: string): Promise<InlineFileFacts[]> {
  const rows = await sql<Omit<InlineFileFacts, 'modifiedAt'> & { modifiedAt: string }>(
    `select key, length(content) as bytes, created_at as "modifiedAt", content_type as "contentType"
     from search.inline_files where starts_with(key, $1)`,
    [prefix],
  );
  return rows.map((row) => ({ ...row, modifiedAt: new Date(row.modifiedAt) }));
}

/** Deletes the files whose keys start with a prefix. Gives how many there were. */
export async function deleteInlineFiles(sql: Sql, prefix: string): Promise<number> {
  const gone = await sql('delete from search.inline_files where starts_with(key, $1) returning 1', [prefix]);
  return gone.length;
}

export async function deleteInlineFile(sql: Sql, key: string): Promise<void> {
  await sql('delete from search.inline_files where key = $1', [key]);
}
