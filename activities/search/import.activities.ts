import type { Transaction } from '../../db/database.ts';
import { databaseNow } from '../../db/now.ts';
import type { Import } from '../../db/search/import.ts';
import { failImport } from '../../db/search/import-endings.ts';
import { changeImport, ImportRepository } from '../../db/search/import.repository.ts';
import { storeRows, type ImportedRow } from '../../db/search/import-rows.ts';
import { invalidateSearchCache } from '../../db/search/provider.repository.ts';
import { RecordSetRepository } from '../../db/search/record-set.repository.ts';
import type { Failure } from '../../domain/failure.ts';
import { prepareMapping, type MappedRow } from '../../domain/search/apply-mapping.ts';
import { isImportFinished } from '../../domain/search/import.ts';
import type { TableRow } from '../../platform/tabular/table.ts';
import type { ImportActivities, ImportView } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';
import { progressBar } from './batch-view.ts';
import { writeImportReport } from './import-report.ts';
import { blocksOf, checkTable, isFileFault, openTable, problemOf, requireUnchanged } from './table-file.ts';

/** An importing activity gives its slot back after so long. It costs reading past the rows that are there already. */
const sliceMilliseconds = 15_000;

/** Every step of an import into a record set. */
export function createImportActivities({ database, storage }: WorkerServices): ImportActivities {
  const read = (tenantId: string, id: string): Promise<Import> =>
    database.read('search', ({ sql }) => new ImportRepository(sql).get(tenantId, id));

  /** Changes the import if it is still where the work began: another attempt may have been faster. */
  const moveOn = (
    from: Import,
    move: (transaction: Transaction, now: Import) => Promise<Import>,
  ): Promise<Import> =>
    database.transaction('search', async (transaction) => {
      const now = await new ImportRepository(transaction.sql).lock(from.tenantId, from.id);
      return now.phase === from.phase ? await move(transaction, now) : now;
    });

  const fail = (given: Import, failure: Failure): Promise<Import> =>
    moveOn(given, (transaction, now) => failImport(transaction, now, problemOf(failure)));

  const orFail = async (given: Import, work: () => Promise<Import>): Promise<ImportView> => {
    try {
      return viewOf(await work());
    } catch (error) {
      if (isFileFault(error)) return viewOf(await fail(given, error));
      throw error;
    }
  };

  return {
    readImport: async ({ importId, tenantId }) => viewOf(await read(tenantId, importId)),

    async validateImport({ importId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        let given = await read(tenantId, importId);
        if (given.phase === 'submitted') {
          given = await moveOn(given, (transaction, now) =>
            changeImport(transaction, now, { phase: 'validating' }, { type: 'search.import_validating' }),
          );
        }
        if (given.phase !== 'validating') return viewOf(given);
        return await orFail(given, async () => {
          const mayGoOn = async (): Promise<boolean> =>
            !isImportFinished((await read(tenantId, importId)).phase);
          const checked = await checkTable(storage, given.file, given.mapping, signal, mayGoOn);
          if (!checked) return await read(tenantId, importId);
          const { rows, columns, format, file } = checked;
          return await moveOn(given, (transaction, now) =>
            changeImport(
              transaction,
              now,
              { phase: 'importing', rowsTotal: rows, columns, format, file },
              { type: 'search.import_validated', data: { rows } },
            ),
          );
        });
      });
    },

    async importRows({ importId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        const until = performance.now() + sliceMilliseconds;
        const given = await read(tenantId, importId);
        if (given.phase !== 'importing') return viewOf(given);
        return await orFail(given, async () => {
          const { table, sha256 } = await openTable(storage, given.file, {
            afterRow: given.rowsRead,
            signal,
          });
          const map = prepareMapping(given.mapping, table.columns);
          let { rowsRead } = given;
          for await (const block of blocksOf(table.rows)) {
            const rows = block.map((row) => toImportedRow(row, map));
            const upTo = block.at(-1)?.rowNo ?? rowsRead;
            const stored = await database.transaction('search', ({ sql }) =>
              storeRows(sql, { ...given, rowsRead }, rows, upTo),
            );
            rowsRead = upTo;
            if (!stored || performance.now() > until) return await read(tenantId, importId);
          }
          requireUnchanged(given.file, sha256());
          return await moveOn(given, (transaction, now) =>
            changeImport(transaction, now, { phase: 'publishing' }, { type: 'search.import_read' }),
          );
        });
      });
    },

    async publishImport({ importId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        const given = await read(tenantId, importId);
        if (given.phase !== 'publishing') return viewOf(given);
        const reportFile = await writeImportReport(database, storage, given, signal);
        const published = await moveOn(given, async (transaction, now) => {
          const sets = new RecordSetRepository(transaction.sql, tenantId);
          if (now.mode === 'replace') await sets.show(await sets.lock(now.recordSetId), now.contentId);
          else await invalidateSearchCache(transaction.sql, tenantId);
          return await changeImport(
            transaction,
            now,
            { phase: 'completed', reportFile, finishedAt: databaseNow },
            {
              type: 'search.import_completed',
              data: { mode: now.mode, imported: now.rowsImported, rejected: now.rowsRejected },
            },
          );
        });
        return viewOf(published);
      });
    },
  };
}

function toImportedRow(row: TableRow, map: (values: readonly string[]) => MappedRow): ImportedRow {
  const { rowNo, line, values, error } = row;
  const mapped = map(values);
  // The importer's own key of a row is what a later import names the person by.
  const externalId = mapped.fields.external_id ?? mapped.key;
  const fields = { ...mapped.fields, ...(externalId === null ? {} : { external_id: externalId }) };
  return { rowNo, line, values, fields, problem: error ?? mapped.error ?? null };
}

function viewOf(given: Import): ImportView {
  const { phase, recordSetId } = given;
  const details = [
    `**${phase}** (${given.mode})`,
    progressBar(given.rowsRead, given.rowsTotal ?? 0),
    `${given.rowsImported} imported, ${given.rowsRejected} rejected`,
    ...(given.problem ? [`Problem: \`${given.problem.code}\``] : []),
  ];
  return { phase, recordSetId, details: details.join('\n\n') };
}
