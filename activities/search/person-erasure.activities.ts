import { erasureContext, erasureSubjectKey } from '../../domain/search/erasure.ts';
import { ErasureRepository } from '../../db/search/erasure.repository.ts';
import {
  chargeAnswersAfter,
  deleteUpload,
  dropCachedAnswers,
  dropChargeAnswers,
  forgetInSearchLog,
  peopleAfter,
  processesToErase,
  unusedUploads,
  type LogPlace,
} from '../../db/search/person-erasure.ts';
import { PersonRepository } from '../../db/search/person.repository.ts';
import { invalidateSearchCache } from '../../db/search/provider.repository.ts';
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
import { createProcessErasure } from './process-erasure.ts';

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

  const processes = createProcessErasure({ database, storage });

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
        for (const id of given.batches) await processes.fromBatch(given, id, recogniser, signal);
        for (const id of given.imports) await processes.fromImport(given, id, recogniser, signal);
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
          if (await processes.fromFile(given, file, recogniser, signal))
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
