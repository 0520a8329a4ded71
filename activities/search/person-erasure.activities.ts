import type { StoredFile } from '../../db/search/batch.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import { isFinished } from '../../domain/search/batch.ts';
import { erasureContext, erasureSubjectKey } from '../../domain/search/erasure.ts';
import { ErasureRepository, type ErasureReport } from '../../db/search/erasure.repository.ts';
import { putInlineFiles } from '../../db/search/inline-files.ts';
import { readRejects } from '../../db/search/import-rows.ts';
import { changeImport, ImportRepository } from '../../db/search/import.repository.ts';
import {
  chargeAnswersAfter,
  deleteRejects,
  deleteUpload,
  dropCachedAnswers,
  dropChargeAnswers,
  emptyRows,
  forgetInSearchLog,
  peopleAfter,
  processesToErase,
  rowsAfter,
  unusedUploads,
  type LogPlace,
} from '../../db/search/person-erasure.ts';
import { PersonRepository } from '../../db/search/person.repository.ts';
import { invalidateSearchCache } from '../../db/search/provider.repository.ts';
import { Failure } from '../../domain/failure.ts';
import {
  dataSubjectSchema,
  recogniserOf,
  textsIn,
  type DataSubject,
  type Recogniser,
} from '../../domain/search/data-subject.ts';
import { normaliseQuery } from '../../domain/search/query.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { ErasureActivities, OfErasure } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';
import { writeResultFiles } from './batch-results.activities.ts';
import { writeImportReport } from './import-report.ts';
import { openTable } from './table-file.ts';

const rowsAtOnce = 2_000;
/** Twenty addresses and numbers and what goes with them, sealed. */
const maxSubjectBytes = 1_048_576;
/** Of what the database looks through by itself, more. */
const lookedAtOnce = 20_000;
/** Batches and imports in one list: their ids go through Temporal, which takes 2 MiB. */
const processesAtOnce = 5_000;

/**
 * Finds a person wherever search keeps somebody, and takes them out. Each step counts in the transaction of what it counts,
 * and finds nothing when it is repeated.
 */
export function createPersonErasureActivities({
  database,
  storage,
  config,
  engine,
}: WorkerServices): ErasureActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);

  const subjectOf = async ({ tenantId, erasureId }: OfErasure): Promise<DataSubject | null> => {
    const { subject } = await database.read('search', ({ sql }) =>
      new ErasureRepository(sql, tenantId).get(erasureId),
    );
    if (subject === null) return null;
    return dataSubjectSchema.parse(JSON.parse(box.open(subject, erasureContext(tenantId, erasureId))));
  };

  /** Works with who it is, under a heartbeat. An erasure that is done has forgotten it: then there is nothing to do. */
  const withRecogniser = (
    given: OfErasure,
    work: (recogniser: Recogniser, signal: AbortSignal, subject: DataSubject) => Promise<void>,
  ): Promise<void> =>
    withHeartbeat(async (signal) => {
      const subject = await subjectOf(given);
      if (subject !== null) await work(recogniserOf(subject), signal, subject);
    });

  const count = (given: OfErasure, counts: Partial<ErasureReport>): Promise<void> =>
    database.transaction('search', ({ sql }) =>
      new ErasureRepository(sql, given.tenantId).count(given.erasureId, counts),
    );

  /** Deletes an uploaded table that holds the person. One that can't be read may, and nothing reads it any more. */
  const deleteFileOf = async (
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

  const eraseFromBatch = async (
    given: OfErasure,
    batchId: string,
    recogniser: Recogniser,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const { found: rows, reached } = await database.read('search', ({ sql }) =>
        rowsAfter(sql, batchId, after, lookedAtOnce, recogniser.needles),
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
    await deleteFileOf(given, file, recogniser, signal);
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

  const eraseFromImport = async (
    given: OfErasure,
    importId: string,
    recogniser: Recogniser,
    signal: AbortSignal,
  ): Promise<void> => {
    const { tenantId, erasureId } = given;
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const rows = await database.read('search', ({ sql }) => readRejects(sql, importId, after, rowsAtOnce));
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
    await deleteFileOf(given, one.file, recogniser, signal);
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

  return {
    erasePeople: (given) =>
      withRecogniser(given, async (recogniser, signal) => {
        const { tenantId, erasureId } = given;
        for (let after = '0'; ;) {
          signal.throwIfAborted();
          const { found: people, reached } = await database.read('search', ({ sql }) =>
            peopleAfter(sql, tenantId, after, lookedAtOnce, recogniser.needles),
          );
          if (reached === null) break;
          after = reached;
          const found = people.filter(
            ({ id, fields }) => recogniser.personIds.has(id) || recogniser.holds(textsIn(fields)),
          );
          const bySet = Map.groupBy(found, ({ recordSetId }) => recordSetId);
          for (const [recordSetId, ofSet] of bySet) {
            const ids = ofSet.map(({ id }) => id);
            await database.transaction('search', async ({ sql }) => {
              const erasures = new ErasureRepository(sql, tenantId);
              const gone = await new PersonRepository(sql).deleteByIds(tenantId, recordSetId, ids);
              await erasures.mark(erasureId, 'person', ids);
              await erasures.count(erasureId, { people: gone });
            });
          }
        }
      }),

    listErasureProcesses: ({ tenantId, erasureId }) =>
      database.read('search', async ({ sql }) => {
        const { createdAt } = await new ErasureRepository(sql, tenantId).get(erasureId);
        const { batches, imports, left } = await processesToErase(
          sql,
          tenantId,
          erasureId,
          createdAt,
          processesAtOnce,
        );
        return { batches, imports, unfinished: left };
      }),

    eraseFromProcesses: (given) =>
      withRecogniser(given, async (recogniser, signal) => {
        for (const id of given.batches) await eraseFromBatch(given, id, recogniser, signal);
        for (const id of given.imports) await eraseFromImport(given, id, recogniser, signal);
        const looked = [...given.batches, ...given.imports];
        await database.read('search', ({ sql }) =>
          new ErasureRepository(sql, given.tenantId).mark(given.erasureId, 'looked', looked),
        );
      }),

    eraseFromUploads: (given) =>
      withRecogniser(given, async (recogniser, signal) => {
        const uploads = await database.read('search', ({ sql }) => unusedUploads(sql, given.tenantId));
        for (const { id, key } of uploads) {
          const file = { key, name: '', bytes: 0, sha256: null };
          if (await deleteFileOf(given, file, recogniser, signal))
            await database.transaction('search', ({ sql }) => deleteUpload(sql, given.tenantId, id));
        }
      }),

    eraseAnswers: (given) =>
      withRecogniser(given, async (recogniser, signal, subject) => {
        const { tenantId, erasureId } = given;
        for (let after = ''; ;) {
          signal.throwIfAborted();
          const charges = await database.read('search', ({ sql }) =>
            chargeAnswersAfter(sql, tenantId, after, rowsAtOnce),
          );
          const last = charges.at(-1);
          if (!last) break;
          after = last.effectKey;
          const spoken = charges.filter(({ answer }) => recogniser.holds(textsIn(answer)));
          if (spoken.length === 0) continue;
          await database.transaction('search', async ({ sql }) => {
            await dropChargeAnswers(
              sql,
              spoken.map(({ effectKey }) => effectKey),
            );
            await new ErasureRepository(sql, tenantId).count(erasureId, { answers: spoken.length });
          });
        }
        await engine.forgetAnswers(tenantId);
        const people = await database.transaction('search', async ({ sql }) => {
          const erasures = new ErasureRepository(sql, tenantId);
          await invalidateSearchCache(sql, tenantId);
          await erasures.count(erasureId, { answers: await dropCachedAnswers(sql, tenantId) });
          return [...recogniser.personIds, ...(await erasures.marked(erasureId, 'person'))];
        });
        const questions = questionsOf(subject);
        for (let place: LogPlace | null = null; ;) {
          signal.throwIfAborted();
          place = await database.transaction('search', async ({ sql }): Promise<LogPlace | null> => {
            const page = await forgetInSearchLog(sql, tenantId, people, questions, place, lookedAtOnce);
            await new ErasureRepository(sql, tenantId).count(erasureId, { searches: page.changed });
            return page.reached;
          });
          if (place === null) break;
        }
      }),

    shareErasureSubject: ({ tenantId, erasureId }) =>
      withHeartbeat(async (signal) => {
        const { subject, createdAt } = await database.read('search', ({ sql }) =>
          new ErasureRepository(sql, tenantId).get(erasureId),
        );
        if (subject !== null) {
          const options = { contentType: 'text/plain', maxBytes: maxSubjectBytes, signal };
          await storage.put(erasureSubjectKey(tenantId, erasureId), Buffer.from(subject), options);
        }
        return { before: createdAt.toISOString() };
      }),

    noteErasedElsewhere: ({ tenantId, erasureId, counts, waiting }) =>
      database.transaction('search', ({ sql }) =>
        new ErasureRepository(sql, tenantId).noteElsewhere(erasureId, counts, waiting),
      ),

    completeErasure: async ({ tenantId, erasureId }) => {
      await storage.delete(erasureSubjectKey(tenantId, erasureId));
      await database.transaction('search', async (transaction) => {
        const erasures = new ErasureRepository(transaction.sql, tenantId);
        if (!(await erasures.complete(erasureId))) return;
        const { report } = await erasures.get(erasureId);
        await transaction.publish({
          type: 'search.erasure_completed',
          tenantId,
          subject: `erasure:${erasureId}`,
          data: { report },
        });
      });
    },
  };
}

/** The hashes under which searches by what is known of the person stand in the log. */
function questionsOf({ emails = [], phones = [], country }: DataSubject): string[] {
  const place = country === undefined ? {} : { country };
  return [
    ...emails.map((email) => normaliseQuery('email', { email }).key),
    ...phones.map((phone) => normaliseQuery('phone', { phone, ...place }).key),
  ];
}
