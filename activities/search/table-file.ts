import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { StoredFile, TableFormat } from '../../db/search/batch.ts';
import { Failure } from '../../domain/failure.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { readTable } from '../../platform/tabular/read.ts';
import type { Table, TableRow } from '../../platform/tabular/table.ts';

export interface OpenTable {
  table: Table;
  /** SHA-256 of what was read; of the whole file once its rows are read to the end. */
  sha256: () => string;
}

/** Opens an uploaded table, to be read from its first row or from the one after `afterRow`. */
export async function openTable(
  storage: ObjectStorage,
  file: StoredFile,
  options: { afterRow?: number; signal: AbortSignal },
): Promise<OpenTable> {
  const hash = createHash('sha256');
  const source = await storage.get(file.key, { signal: options.signal });
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  source.once('error', (error) => hashed.destroy(error));
  hashed.once('close', () => source.destroy());
  const table = await readTable(source.pipe(hashed), options);
  return { table, sha256: () => hash.copy().digest('hex') };
}

/** Refuses a file that is another one than was checked: somebody has uploaded over it. */
export function requireUnchanged(file: StoredFile, sha256: string): void {
  if (file.sha256 !== null && file.sha256 !== sha256)
    throw new Failure('search.file_changed', 'The file was changed while it was read. Upload it again.');
}

export function formatOf(table: Table): TableFormat {
  const { format, compression, encoding, delimiter } = table;
  return { format, compression, encoding, delimiter: delimiter ?? null };
}

/** A block is full at so many rows, or so many characters: memory stays flat when the rows are long. */
const blockRows = 1_000;
const blockCharacters = 1_000_000;

/** The rows of a table in blocks that are stored together. */
export async function* blocksOf(rows: AsyncIterable<TableRow>): AsyncGenerator<TableRow[]> {
  let block: TableRow[] = [];
  let characters = 0;
  for await (const row of rows) {
    block.push(row);
    for (const value of row.values) characters += value.length;
    if (block.length < blockRows && characters < blockCharacters) continue;
    yield block;
    block = [];
    characters = 0;
  }
  if (block.length > 0) yield block;
}

/** Faults of the file itself, as against those of the world: the process has failed and can tell its owner why. */
export function isFileFault(error: unknown): error is Failure {
  return (
    error instanceof Failure &&
    (error.code.startsWith('search.file_') ||
      error.code.startsWith('search.mapping_') ||
      error.code === 'storage.object_not_found' ||
      error.code === 'storage.object_too_large')
  );
}
