import { deleteSomeRows } from '../../db/search/batch-results.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import { findOldBatches, findOldImports, type OldProcess } from '../../db/search/expiry.ts';
import { deleteSomeRejects } from '../../db/search/import-rows.ts';
import { changeImport, ImportRepository } from '../../db/search/import.repository.ts';
import { takeUnusedUploads } from '../../db/search/upload.repository.ts';
import { inlineFolder } from '../../domain/search/inline-file.ts';
import { processRetentionDays } from '../../domain/search/retention.ts';
import type { SearchUpkeepActivities } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from '../platform/until-nothing.ts';
import type { WorkerServices } from '../services.ts';

const rowsAtOnce = 10_000;
const processesAtOnce = 20;
const uploadsAtOnce = 500;
/** An upload is kept so long after its expiry, for whoever is just using it. */
const graceHours = 1;

/** Deletes what nobody needs any more. All of it can be repeated, and what one run leaves is the next one's. */
export function createSearchUpkeepActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): SearchUpkeepActivities {
  const purge = async ({ id, tenantId, fileKey }: OldProcess, signal: AbortSignal): Promise<void> => {
    await storage.delete(fileKey);
    for (const folder of ['batches', inlineFolder])
      await storage.deletePrefix(`${folder}/${tenantId}/${id}/`);
    await untilNothing(signal, () =>
      database.transaction('search', ({ sql }) => deleteSomeRows(sql, id, rowsAtOnce)),
    );
  };

  const expireBatch = async (old: OldProcess, signal: AbortSignal): Promise<void> => {
    await purge(old, signal);
    await database.transaction('search', async (transaction) => {
      const batch = await new BatchRepository(transaction.sql).lock(old.tenantId, old.id);
      const change = { phase: 'expired', resultFiles: null } as const;
      await changeBatch(transaction, batch, change, { type: 'search.batch_expired' });
    });
  };

  const expireImport = async ({ id, tenantId, fileKey }: OldProcess, signal: AbortSignal): Promise<void> => {
    await storage.delete(fileKey);
    await storage.deletePrefix(`imports/${tenantId}/${id}/`);
    await untilNothing(signal, () =>
      database.transaction('search', ({ sql }) => deleteSomeRejects(sql, id, rowsAtOnce)),
    );
    await database.transaction('search', async (transaction) => {
      const given = await new ImportRepository(transaction.sql).lock(tenantId, id);
      const change = { phase: 'expired', reportFile: null } as const;
      await changeImport(transaction, given, change, { type: 'search.import_expired' });
    });
  };

  return {
    purgeBatch: (batch) =>
      withHeartbeat((signal) =>
        purge({ id: batch.batchId, tenantId: batch.tenantId, fileKey: batch.fileKey }, signal),
      ),

    expireProcesses: () =>
      withHeartbeat(async (signal) => {
        const [batches, imports] = await database.read('search', ({ sql }) =>
          Promise.all([
            findOldBatches(sql, processRetentionDays, processesAtOnce),
            findOldImports(sql, processRetentionDays, processesAtOnce),
          ]),
        );
        for (const batch of batches) await expireBatch(batch, signal);
        for (const one of imports) await expireImport(one, signal);
        return { expired: batches.length + imports.length };
      }),

    sweepUploads: () =>
      withHeartbeat(async (signal) => {
        // The rows go when their objects are gone: should this break off, they are found again.
        const removed = await untilNothing(signal, () =>
          database.transaction('search', async ({ sql }) => {
            const keys = await takeUnusedUploads(sql, graceHours, uploadsAtOnce);
            for (const key of keys) await storage.delete(key);
            return keys.length;
          }),
        );
        const unfinished = (await storage.removeUnfinished?.()) ?? 0;
        return { removed: removed + unfinished };
      }),
  };
}
