import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { readExportedRows, type ExportedFile } from '../../db/exported-file.ts';
import type { Domain } from '../../domain/domains.ts';
import { exportFolder } from '../../domain/identity/export.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import type { ExportPart, ExportSlice, ExportSliceInput } from '../../workflows/tenants/messages.ts';

const sliceMilliseconds = 60_000;
/** Of rows of some kilobytes at most. */
const usualRowsAtOnce = 2_000;
const maxPartBytes = 64 * 1024 ** 3;

export interface ExportSource {
  database: Database;
  storage: Pick<ObjectStorage, 'put'>;
  domain: Domain;
  /** All that the domain keeps, for every kind of export. */
  files: readonly ExportedFile[];
  /** Opens what is sealed in a row; without it rows are as they come. */
  open?: (line: string) => string;
  /** Which rows are wanted; all without it. */
  keep?: (line: string, file: ExportedFile) => boolean;
}

/**
 * Writes what a domain keeps into the storage, file after file, page by page, until all is written or the time of a slice is
 * up. No more than a page is in memory.
 */
export async function exportSlice(
  source: ExportSource,
  input: ExportSliceInput,
  signal: AbortSignal,
): Promise<ExportSlice> {
  const files = source.files.filter(({ kinds }) => kinds.includes(input.kind));
  const first = input.from ? files.findIndex(({ name }) => name === input.from?.file) : 0;
  if (first < 0) throw new Error(`There is no file ${input.from?.file} of ${source.domain} any more.`);
  const until = performance.now() + sliceMilliseconds;
  const parts: ExportPart[] = [];
  let after = input.from?.after ?? null;
  for (const file of files.slice(first)) {
    if (parts.length > 0 && performance.now() >= until) return { parts, next: { file: file.name, after } };
    const { part, next } = await exportRows(source, input, file, after, until, signal);
    parts.push(part);
    if (next) return { parts, next: { file: file.name, after: next } };
    after = null;
  }
  return { parts, next: null };
}

/** One part of a file. Gives where it was broken off; null at the end of the file. */
async function exportRows(
  { database, storage, domain, open = (line) => line, keep = () => true }: ExportSource,
  input: ExportSliceInput,
  file: ExportedFile,
  from: string[] | null,
  until: number,
  signal: AbortSignal,
): Promise<{ part: ExportPart; next: string[] | null }> {
  const { rowsAtOnce = usualRowsAtOnce } = file;
  const key = `${exportFolder(input.tenantId, input.exportId)}parts/${domain}-${file.name}-${uuidv7()}`;
  let rows = 0;
  let next = from;
  async function* lines(): AsyncIterable<Uint8Array> {
    do {
      signal.throwIfAborted();
      const page = await database.read(domain, ({ sql }) =>
        readExportedRows(sql, file, input, next, rowsAtOnce),
      );
      next = page.length < rowsAtOnce ? null : (page.at(-1)?.position ?? null);
      const kept = page.map(({ line }) => open(line)).filter((line) => keep(line, file));
      rows += kept.length;
      if (kept.length > 0) yield Buffer.from(kept.map((line) => `${line}\n`).join(''));
    } while (next && performance.now() < until);
  }
  await storage.put(key, lines(), {
    contentType: 'application/x-ndjson',
    maxBytes: maxPartBytes,
    signal,
  });
  const part: ExportPart = { file: `${domain}/${file.name}.ndjson`, about: file.about, key, rows };
  return { part: file.withFiles ? { ...part, withFiles: true } : part, next };
}
