import { v7 as uuidv7 } from 'uuid';
import type { Batch } from '../../db/search/batch.ts';
import { BatchRepository, createBatch, type NewBatch } from '../../db/search/batch.repository.ts';
import { readResults, type BatchRowResult } from '../../db/search/batch-results.ts';
import { batchState, type BatchState } from '../../domain/search/batch.ts';
import { mappingSchema } from '../../domain/search/mapping.ts';
import type { SearchWorkers } from './search-workers.ts';
import { until } from './until.ts';

/** Puts a file into the storage and submits a batch of it, as the API does. */
export async function submitBatch(
  { db, storage }: Pick<SearchWorkers, 'db' | 'storage'>,
  tenantId: string,
  file: string | Buffer,
  changes: Partial<NewBatch> = {},
): Promise<Batch> {
  const id = uuidv7();
  const key = `uploads/${tenantId}/${id}`;
  const bytes = Buffer.from(file);
  const { sha256 } = await storage.put(key, bytes, { contentType: 'text/csv', maxBytes: 2 ** 31 });
  return await db.database.transaction('search', (transaction) =>
    createBatch(transaction, {
      id,
      tenantId,
      name: 'A test',
      kind: 'phone',
      file: { key, name: 'test.csv', bytes: bytes.length, sha256 },
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
    }),
  );
}

export async function readBatch({ db }: Pick<SearchWorkers, 'db'>, { tenantId, id }: Batch): Promise<Batch> {
  return await db.database.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, id));
}

/** Waits until a batch is in a state. */
export async function untilState(
  workers: Pick<SearchWorkers, 'db'>,
  batch: Batch,
  state: BatchState,
  milliseconds = 60_000,
): Promise<Batch> {
  let now = batch;
  try {
    return await until(async () => {
      now = await readBatch(workers, batch);
      return batchState(now) === state ? now : null;
    }, milliseconds);
  } catch (error) {
    throw new Error(`The batch is ${batchState(now)}, not ${state}: ${JSON.stringify(now.problem)}`, {
      cause: error,
    });
  }
}

export async function allResults({ db }: Pick<SearchWorkers, 'db'>, batch: Batch): Promise<BatchRowResult[]> {
  return await db.database.read('search', ({ sql }) => readResults(sql, batch.id, 0, 10_000_000));
}

/** A CSV of different phone numbers. */
export function phonesCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, index) => `r${index + 1},+1415${String(5_550_000 + index)}`);
  return `id,phone\n${lines.join('\n')}\n`;
}
