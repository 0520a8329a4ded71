import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { databaseNow } from '../../db/now.ts';
import type { Batch } from '../../db/search/batch.ts';
import { changeBatch } from '../../db/search/batch.repository.ts';
import { createBatch, type NewBatch } from '../../db/search/create-batches.ts';
import { changeImport, createImport } from '../../db/search/import.repository.ts';
import type { Import } from '../../db/search/import.ts';
import { RecordSetRepository } from '../../db/search/record-set.repository.ts';
import { mappingSchema } from '../../domain/search/mapping.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';

interface Parts {
  database: Database;
  storage: ObjectStorage;
}

/** A CSV of different phone numbers. */
export function phonesCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, index) => `r${index + 1},+1415${String(5_550_000 + index)}`);
  return `id,phone\n${lines.join('\n')}\n`;
}

/** A batch of telephone numbers, with some of it otherwise. Its file is nowhere. */
export function newBatch(tenantId: string, changes: Partial<NewBatch> = {}): NewBatch {
  return {
    id: uuidv7(),
    tenantId,
    name: 'A test',
    kind: 'phone',
    file: { key: 'uploads/none', name: 'none.csv', bytes: 1, sha256: '00' },
    mapping: mappingSchema.parse({ phones: ['phone'] }),
    options: { minScore: 0.5, requiredFields: [], rowBudget: null, recordSetIds: null, useCache: true },
    priority: 3,
    concurrency: 4,
    currency: 'USD',
    budgetMicros: null,
    webhook: null,
    traceId: null,
    createdBy: uuidv7(),
    ...changes,
  };
}

/** Puts a file into the storage and submits a batch of it, as the API does. */
export async function submitBatch(
  parts: Parts,
  tenantId: string,
  csv: string,
  changes: Partial<NewBatch> = {},
): Promise<Batch> {
  const file = await storeFile(parts, tenantId, csv);
  return await parts.database.transaction('search', (transaction) =>
    createBatch(transaction, newBatch(tenantId, { file, ...changes })),
  );
}

/** A batch that has ended, with result files, without having been searched. */
export async function endedBatch(parts: Parts, tenantId: string): Promise<Batch> {
  const batch = await submitBatch(parts, tenantId, phonesCsv(1));
  const key = `batches/${tenantId}/${batch.id}/results-0/results`;
  const { bytes } = await parts.storage.put(key, Buffer.from('nothing\n'), {
    contentType: 'text/csv',
    maxBytes: 100,
  });
  const file = { key, bytes };
  return await parts.database.transaction('search', (transaction) =>
    changeBatch(
      transaction,
      batch,
      {
        phase: 'completed',
        finishedAt: databaseNow,
        resultFiles: { csv: file, ndjson: file, errors: file },
      },
      {
        type: 'search.batch_completed',
        data: { rows: { found: 0, not_found: 0, failed: 0, skipped: 0 }, cost_micros: '0' },
      },
    ),
  );
}

/** An empty record set. */
export async function makeRecordSet({ database }: Parts, tenantId: string): Promise<string> {
  const id = uuidv7();
  await database.transaction('search', ({ sql }) =>
    new RecordSetRepository(sql, tenantId).create(id, `Set ${id}`, uuidv7()),
  );
  return id;
}

/** Submits an import of one person into a set of its own, as the API does. */
export async function submitImport(parts: Parts, tenantId: string): Promise<Import> {
  const recordSetId = await makeRecordSet(parts, tenantId);
  const file = await storeFile(parts, tenantId, 'name\nAda\n');
  return await parts.database.transaction('search', (transaction) =>
    createImport(transaction, {
      id: uuidv7(),
      tenantId,
      recordSetId,
      contentId: recordSetId,
      mode: 'append',
      file,
      mapping: mappingSchema.parse({ fields: { full_name: 'name' } }),
      traceId: null,
      createdBy: uuidv7(),
    }),
  );
}

/** An import that has ended with a report, without having imported anybody. */
export async function endedImport(parts: Parts, tenantId: string): Promise<Import> {
  const given = await submitImport(parts, tenantId);
  const key = `imports/${tenantId}/${given.id}/rejected.csv`;
  const { bytes } = await parts.storage.put(key, Buffer.from('row\n'), {
    contentType: 'text/csv',
    maxBytes: 100,
  });
  const change = { phase: 'completed', finishedAt: databaseNow, reportFile: { key, bytes } } as const;
  return await parts.database.transaction('search', (transaction) =>
    changeImport(transaction, given, change, {
      type: 'search.import_completed',
      data: { mode: given.mode, imported: 0, rejected: 0 },
    }),
  );
}

async function storeFile({ storage }: Parts, tenantId: string, content: string): Promise<Batch['file']> {
  const key = `uploads/${tenantId}/${uuidv7()}`;
  const { bytes, sha256 } = await storage.put(key, Buffer.from(content), {
    contentType: 'text/csv',
    maxBytes: 2 ** 31,
  });
  return { key, name: 'test.csv', bytes, sha256 };
}
