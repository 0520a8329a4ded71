import type { Transaction } from '../../db/database.ts';
import { databaseNow } from '../../db/now.ts';
import type { Batch } from '../../db/search/batch.ts';
import { analyseRows, appendRows, linkRows, type NewBatchRow } from '../../db/search/batch-ingest.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import type { Joinable } from '../../db/together.ts';
import { Failure } from '../../domain/failure.ts';
import { prepareMapping, type MappedRow } from '../../domain/search/apply-mapping.ts';
import { fieldsUsedBy, normaliseQuery, type QueryKind } from '../../domain/search/query.ts';
import { mapInTurns } from '../../platform/in-turns.ts';
import type { TableRow } from '../../platform/tabular/table.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';
import { viewOf } from './batch-view.ts';
import { blocksOf, checkTable, isFileFault, openTable, problemOf, requireUnchanged } from './table-file.ts';

/** An ingesting activity gives its slot back after so long. It costs reading past the rows that are there already. */
const sliceMilliseconds = 15_000;

/**
 * The first half of a batch: from a file to rows.
 *
 * @param mayTakeLong otherwise, a file of more rows than one block is only begun to be read through
 */
export function createBatchFileActivities(
  { database, storage }: Pick<WorkerServices, 'storage'> & { database: Joinable },
  mayTakeLong = true,
): Pick<BatchActivities, 'validateBatch' | 'ingestBatch'> {
  const read = (tenantId: string, id: string): Promise<Batch> =>
    database.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, id));

  /** Changes the batch if it is still where the work began: another attempt may have been faster. */
  const moveOn = (
    from: Batch,
    move: (transaction: Transaction, batch: Batch) => Promise<Batch>,
  ): Promise<Batch> =>
    database.transaction('search', async (transaction) => {
      const batch = await new BatchRepository(transaction.sql).lock(from.tenantId, from.id);
      return batch.phase === from.phase ? await move(transaction, batch) : batch;
    });

  const fail = (batch: Batch, failure: Failure): Promise<Batch> =>
    moveOn(batch, (transaction, now) =>
      changeBatch(
        transaction,
        now,
        { phase: 'failed', hold: null, finishedAt: databaseNow, problem: problemOf(failure) },
        { type: 'search.batch_failed', data: { code: failure.code } },
      ),
    );

  const orFail = async (batch: Batch, work: () => Promise<Batch>): Promise<Batch> => {
    try {
      return await work();
    } catch (error) {
      if (isFileFault(error)) return await fail(batch, error);
      throw error;
    }
  };

  const isHeld = async (batch: Batch): Promise<boolean> =>
    (await read(batch.tenantId, batch.id)).hold !== null;

  return {
    async validateBatch({ batchId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        let batch = await read(tenantId, batchId);
        if (batch.phase === 'submitted' && batch.hold === null) {
          batch = await moveOn(batch, (transaction, now) =>
            changeBatch(
              transaction,
              now,
              { phase: 'validating', startedAt: databaseNow },
              { type: 'search.batch_validating' },
            ),
          );
        }
        if (batch.phase !== 'validating' || batch.hold !== null) return viewOf(batch);
        const validated = await orFail(batch, async () => {
          // Asked between blocks, as it is cheap against a thousand rows of text and makes a pause take hold at once.
          const mayGoOn = async (): Promise<boolean> => mayTakeLong && !(await isHeld(batch));
          const checked = await checkTable(storage, batch.file, batch.mapping, signal, mayGoOn);
          if (!checked) return await read(tenantId, batchId);
          const { rows, columns, format, file } = checked;
          return await moveOn(batch, (transaction, now) =>
            changeBatch(
              transaction,
              now,
              { phase: 'ingesting', rowsTotal: rows, columns, format, file },
              { type: 'search.batch_validated', data: { rows } },
            ),
          );
        });
        return viewOf(validated);
      });
    },

    async ingestBatch({ batchId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        const until = performance.now() + sliceMilliseconds;
        const batch = await read(tenantId, batchId);
        if (batch.phase !== 'ingesting' || batch.hold !== null) return viewOf(batch);
        const ingested = await orFail(batch, async () => {
          const { table, sha256 } = await openTable(storage, batch.file, {
            afterRow: batch.rowsIngested,
            signal,
          });
          const map = prepareMapping(batch.mapping, table.columns);
          let { rowsIngested } = batch;
          // While PostgreSQL stores a block, the next one is read here: each would wait for the other half of the time.
          let storing = Promise.resolve(true);
          for await (const block of blocksOf(table.rows)) {
            const rows = await mapInTurns(block, (row) => toBatchRow(row, batch.kind, map));
            if (!(await storing) || performance.now() > until || (await isHeld(batch)))
              return await read(tenantId, batchId);
            const before = { ...batch, rowsIngested };
            rowsIngested = block.at(-1)?.rowNo ?? rowsIngested;
            const upTo = rowsIngested;
            storing = database.transaction('search', (transaction) =>
              appendRows(transaction, before, rows, upTo),
            );
            // Heard of where it is waited for; until then it must not count as unheard.
            storing.catch(() => undefined);
          }
          if (!(await storing)) return await read(tenantId, batchId);
          requireUnchanged(batch.file, sha256());
          await database.read('search', ({ sql }) => analyseRows(sql, rowsIngested));
          return await moveOn(batch, async (transaction, now) => {
            await linkRows(transaction, now);
            return await changeBatch(
              transaction,
              now,
              { phase: 'searching' },
              { type: 'search.batch_ingested', data: { rows: rowsIngested } },
            );
          });
        });
        return viewOf(ingested);
      });
    },
  };
}

/** Reads a row as the question that it asks, so that bad rows are told before anything is searched or paid. */
function toBatchRow(
  row: TableRow,
  kind: QueryKind,
  map: (values: readonly string[]) => MappedRow,
): NewBatchRow {
  const { rowNo, values } = row;
  const mapped = map(values);
  const problem = row.error ?? mapped.error;
  const bare = { rowNo, rowKey: row.error ? null : mapped.key, values };
  if (problem) return { ...bare, fingerprint: null, problem };
  try {
    return {
      ...bare,
      fingerprint: normaliseQuery(kind, fieldsUsedBy(kind, mapped.fields)).key,
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [issue] = error.details.issues ?? [];
    const message = issue && issue.pointer !== '' ? `${issue.pointer}: ${issue.message}` : error.message;
    return { ...bare, fingerprint: null, problem: { code: error.code, message } };
  }
}
