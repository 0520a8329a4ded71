import type { StoredFile } from '../../db/search/batch.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import { ErasureRepository, type ErasureReport } from '../../db/search/erasure.repository.ts';
import { readRejects } from '../../db/search/import-rows.ts';
import { changeImport, ImportRepository } from '../../db/search/import.repository.ts';
import { putInlineFiles } from '../../db/search/inline-files.ts';
import { deleteRejects, emptyRows, rowsAfter } from '../../db/search/person-erasure.ts';
import { Failure } from '../../domain/failure.ts';
import { isFinished } from '../../domain/search/batch.ts';
import { textsIn, type Recogniser } from '../../domain/search/data-subject.ts';
import type { OfErasure } from '../../workflows/search/messages.ts';
import type { WorkerServices } from '../services.ts';
import { writeResultFiles } from './batch-results.activities.ts';
import { writeImportReport } from './import-report.ts';
import { openTable } from './table-file.ts';

const rejectsAtOnce = 2_000;
const rowsAtOnce = 20_000;

/** How a person is taken out of a batch, an import or a table that was sent. Each finds nothing when it is repeated. */
interface ProcessErasure {
  fromBatch(given: OfErasure, batchId: string, recogniser: Recogniser, signal: AbortSignal): Promise<void>;
  fromImport(given: OfErasure, importId: string, recogniser: Recogniser, signal: AbortSignal): Promise<void>;
  /** Gives whether the file was deleted. */
  fromFile(given: OfErasure, file: StoredFile, recogniser: Recogniser, signal: AbortSignal): Promise<boolean>;
}

export function createProcessErasure({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): ProcessErasure {
  const count = (given: OfErasure, counts: Partial<ErasureReport>): Promise<void> =>
    database.transaction('search', ({ sql }) =>
      new ErasureRepository(sql, given.tenantId).count(given.erasureId, counts),
    );

  /** Deletes an uploaded table that holds the person. One that can't be read may, and nothing reads it any more. */
  const fromFile = async (
    given: OfErasure,
    file: StoredFile,
    recogniser: Recogniser,
    signal: AbortSignal,
  ): Promise<boolean> => {
    if ((await storage.head(file.key)) === undefined) return false;
    if (!(await holdsPerson(file, recogniser, signal))) return false;
    await storage.delete(file.key);
    await count(given, { files_deleted: 1 });
    return true;
  };

  const holdsPerson = async (
    file: StoredFile,
    recogniser: Recogniser,
    signal: AbortSignal,
  ): Promise<boolean> => {
    try {
      const { table } = await openTable(storage, file, { signal });
      try {
        for await (const { values } of table.rows) if (recogniser.holds(values)) return true;
        return false;
      } finally {
        table.close();
      }
    } catch (error) {
      if (error instanceof Failure && error.code.startsWith('search.file_')) return true;
      throw error;
    }
  };

  const fromBatch = async (
    given: OfErasure,
    batchId: string,
    recogniser: Recogniser,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const { found: rows, reached } = await database.read('search', ({ sql }) =>
        rowsAfter(sql, batchId, after, rowsAtOnce, recogniser.needles),
      );
      if (reached === null) break;
      after = reached;
      const spoken = rows.filter(
        ({ values, match, facts }) =>
          recogniser.holds(values) || recogniser.holds(textsIn(match)) || recogniser.holds(textsIn(facts)),
      );
      if (spoken.length === 0) continue;
      await database.transaction('search', async ({ sql }) => {
        const erasures = new ErasureRepository(sql, given.tenantId);
        await emptyRows(
          sql,
          batchId,
          spoken.map(({ rowNo }) => rowNo),
        );
        await erasures.mark(given.erasureId, 'batch', [batchId]);
        await erasures.count(given.erasureId, { batch_rows: spoken.length });
      });
    }
    const { file } = await database.read('search', ({ sql }) =>
      new BatchRepository(sql).get(given.tenantId, batchId),
    );
    await fromFile(given, file, recogniser, signal);
    const isMarked = await database.read('search', ({ sql }) =>
      new ErasureRepository(sql, given.tenantId).isMarked(given.erasureId, 'batch', batchId),
    );
    if (isMarked) await rewriteResults(given, batchId, signal);
  };

  /** The result files once more, from the rows as they are now. */
  const rewriteResults = async (given: OfErasure, batchId: string, signal: AbortSignal): Promise<void> => {
    const { tenantId, erasureId } = given;
    const batch = await database.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, batchId));
    const written = batch.resultFiles && (await writeResultFiles(database, storage, batch, signal));
    await database.transaction('search', async (transaction) => {
      const erasures = new ErasureRepository(transaction.sql, tenantId);
      await erasures.unmark(erasureId, 'batch', batchId);
      if (!written) return;
      const { resultFiles, inline } = written;
      // In place of those from before, also where another run has its own by now.
      await putInlineFiles(transaction.sql, tenantId, inline);
      const now = await new BatchRepository(transaction.sql).lock(tenantId, batchId);
      // One that is tried again meanwhile writes its own, from the same rows.
      if (!isFinished(now.phase) || now.run !== batch.run) return;
      await changeBatch(transaction, now, { resultFiles }, { type: 'search.batch_redacted' });
      await erasures.count(erasureId, { files_rewritten: 3 });
    });
  };

  const fromImport = async (
    given: OfErasure,
    importId: string,
    recogniser: Recogniser,
    signal: AbortSignal,
  ): Promise<void> => {
    const { tenantId, erasureId } = given;
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const rows = await database.read('search', ({ sql }) =>
        readRejects(sql, importId, after, rejectsAtOnce),
      );
      const last = rows.at(-1);
      if (!last) break;
      after = last.rowNo;
      const spoken = rows.filter(({ values }) => recogniser.holds(values)).map(({ rowNo }) => rowNo);
      if (spoken.length === 0) continue;
      await database.transaction('search', async ({ sql }) => {
        const erasures = new ErasureRepository(sql, tenantId);
        await deleteRejects(sql, importId, spoken);
        await erasures.mark(erasureId, 'import', [importId]);
        await erasures.count(erasureId, { rejected_rows: spoken.length });
      });
    }
    const one = await database.read('search', ({ sql }) => new ImportRepository(sql).get(tenantId, importId));
    await fromFile(given, one.file, recogniser, signal);
    const isMarked = await database.read('search', ({ sql }) =>
      new ErasureRepository(sql, tenantId).isMarked(erasureId, 'import', importId),
    );
    if (!isMarked) return;
    const reportFile = one.reportFile && (await writeImportReport(database, storage, one, signal));
    await database.transaction('search', async (transaction) => {
      const erasures = new ErasureRepository(transaction.sql, tenantId);
      await erasures.unmark(erasureId, 'import', importId);
      if (reportFile === null) return;
      const now = await new ImportRepository(transaction.sql).lock(tenantId, importId);
      await changeImport(
        transaction,
        now,
        { phase: now.phase, reportFile },
        { type: 'search.import_redacted' },
      );
      await erasures.count(erasureId, { files_rewritten: 1 });
    });
  };

  return { fromBatch, fromImport, fromFile };
}
