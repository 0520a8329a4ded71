import { PassThrough } from 'node:stream';
import type { Database } from '../../db/database.ts';
import type { Import } from '../../db/search/import.ts';
import { readRejects } from '../../db/search/import-rows.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { TableWriter } from '../../platform/tabular/write.ts';

const rowsAtOnce = 2_000;
const maxBytes = 4 * 1024 ** 3;

/** Writes the rejected rows of an import as CSV: where each stands, why it was rejected, and its own columns. */
export async function writeImportReport(
  database: Database,
  storage: ObjectStorage,
  given: Import,
  signal: AbortSignal,
): Promise<{ key: string; bytes: number }> {
  const key = `imports/${given.tenantId}/${given.id}/rejected.csv`;
  const columns = given.columns ?? [];
  const out = new PassThrough();
  const stored = storage.put(key, out, { contentType: 'text/csv; charset=utf-8', maxBytes, signal });
  stored.catch((error: Error) => out.destroy(error));
  const header = ['row', 'line', 'code', 'message', ...columns];
  const table = new TableWriter(out, header, { format: 'csv', byteOrderMark: true });
  try {
    for (let afterRow = 0; ;) {
      const rows = await database.read('search', ({ sql }) =>
        readRejects(sql, given.id, afterRow, rowsAtOnce),
      );
      const last = rows.at(-1);
      if (!last) break;
      afterRow = last.rowNo;
      await table.write(
        rows.map(({ rowNo, line, code, message, values }) => [
          rowNo,
          line,
          code,
          message,
          ...columns.map((_, index) => values[index] ?? ''),
        ]),
      );
    }
    await table.finish();
    out.end();
  } catch (error) {
    out.destroy(error as Error);
    await stored.catch(() => undefined);
    throw error;
  }
  const { bytes } = await stored;
  return { key, bytes };
}
