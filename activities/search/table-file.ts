import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { ProcessProblem, StoredFile, TableFormat } from '../../db/search/batch.ts';
import { Failure } from '../../domain/failure.ts';
import { validateMapping, type Mapping } from '../../domain/search/mapping.ts';
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

/** What a table file turned out to be, once it was read through. */
export interface CheckedTable {
  rows: number;
  columns: readonly string[];
  format: TableFormat;
  file: StoredFile;
}

/**
 * Reads a table through, so that one that is cut off, damaged or without the mapping's columns is found out before any of
 * it is put to use.
 *
 * @param mayGoOn asked before each further block of rows; false breaks off
 * @returns null when broken off
 * @throws Failure `search.file_*`, `search.mapping_invalid`, `storage.object_not_found`
 */
export async function checkTable(
  storage: ObjectStorage,
  file: StoredFile,
  mapping: Mapping,
  signal: AbortSignal,
  mayGoOn: () => Promise<boolean>,
): Promise<CheckedTable | null> {
  const { table, sha256 } = await openTable(storage, file, { signal });
  let rows = 0;
  for await (const block of blocksOf(table.rows)) {
    if (rows === 0) validateMapping(mapping, table.columns, { open: table.format === 'ndjson' });
    else if (!(await mayGoOn())) return null;
    rows += block.length;
  }
  validateMapping(mapping, table.columns);
  requireUnchanged(file, sha256());
  return { rows, columns: table.columns, format: formatOf(table), file: { ...file, sha256: sha256() } };
}

/** Refuses a file that is another one than was checked: somebody has uploaded over it. */
export function requireUnchanged(file: StoredFile, sha256: string): void {
  if (file.sha256 !== null && file.sha256 !== sha256)
    throw new Failure('search.file_changed', 'The file was changed while it was read. Upload it again.');
}

function formatOf(table: Table): TableFormat {
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

/** What a process that has failed keeps of the reason. */
export function problemOf({ code, message, details }: Failure): ProcessProblem {
  return { code, message, ...(details.issues ? { issues: details.issues } : {}) };
}

/** Faults of the file or of where it is to go, as against those of the world: the process has failed and can tell why. */
export function isFileFault(error: unknown): error is Failure {
  return (
    error instanceof Failure &&
    (error.code.startsWith('search.file_') ||
      error.code.startsWith('search.mapping_') ||
      error.code === 'search.record_set_not_found' ||
      error.code === 'storage.object_not_found' ||
      error.code === 'storage.object_too_large')
  );
}
