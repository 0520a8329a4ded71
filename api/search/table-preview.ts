import { Failure } from '../../domain/failure.ts';
import type { Mapping } from '../../domain/search/mapping.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import { previewTable, type Preview } from '../../domain/search/preview.ts';
import { fieldsUsedBy, normaliseQuery, type QueryKind } from '../../domain/search/query.ts';
import type { StoredFile } from '../../db/search/batch.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { readTable } from '../../platform/tabular/read.ts';
import { presentFile, presentPreview } from './batch.presenter.ts';

export interface TablePreviewOptions {
  mapping: Mapping | undefined;
  /** Rows are searches of this kind; people to be stored where left out. */
  kind?: QueryKind;
  signal: AbortSignal;
}

/** Reads a stored table through and tells what would come of it. */
export async function previewFile(
  storage: ObjectStorage,
  file: StoredFile,
  { mapping, kind, signal }: TablePreviewOptions,
): Promise<{ preview: Preview; shown: object }> {
  const table = await readTable(await storage.get(file.key, { signal }), { signal });
  const preview = await previewTable(table.rows, table.columns, {
    ...(mapping ? { mapping } : {}),
    open: table.format === 'ndjson',
    ...(kind ? { fingerprint: (fields: PersonFields) => questionOf(kind, fields) } : {}),
  });
  const { format, compression, encoding, delimiter, columns } = table;
  return {
    preview,
    shown: {
      file: presentFile(file, { format, compression, encoding, delimiter: delimiter ?? null }, columns),
      ...presentPreview(preview, columns),
      notices: table.notices,
    },
  };
}

/** The key by which a batch tells equal rows. */
function questionOf(kind: QueryKind, fields: PersonFields): string {
  const used = fieldsUsedBy(kind, fields);
  try {
    return normaliseQuery(kind, used).key;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // It will fail on its row; here it only must not be equal to what can be searched.
    return JSON.stringify(used);
  }
}
