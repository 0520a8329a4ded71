import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import {
  expiredExports,
  exportUnderWay,
  moveExport,
  type OfExport,
} from '../../db/identity/exports.repository.ts';
import { identityExport } from '../../db/identity/export.ts';
import { exportFolder, exportSubjectKey } from '../../domain/identity/export.ts';
import { exportWorkflowId, type ExportActivities } from '../../workflows/identity/messages.ts';
import type { DataExportActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { exportSlice } from '../platform/export-slice.ts';
import type { WorkerServices } from '../services.ts';
import { writeArchive } from './export-archive.ts';

const expiredAtOnce = 50;
const maxSubjectBytes = 1024 ** 2;

/** What exports ask of identity: to begin, to archive and to end, and its own part of the data. */
export function createExportActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): ExportActivities & DataExportActivities {
  const source = { database, storage, domain: 'identity', files: identityExport } as const;
  const archiveKey = ({ tenantId, exportId }: OfExport): string =>
    `${exportFolder(tenantId, exportId)}archive.zip`;

  return {
    beginExport: (given) =>
      withHeartbeat(async (signal) => {
        const underWay = await database.transaction('identity', async (transaction) => {
          await moveExport(transaction, given, 'start');
          return await exportUnderWay(transaction.sql, given);
        });
        if (underWay?.subject) {
          const key = exportSubjectKey(given.tenantId, given.exportId);
          const options = { contentType: 'text/plain', maxBytes: maxSubjectBytes, signal };
          await storage.put(key, Buffer.from(underWay.subject), options);
        }
        return { wanted: underWay !== null };
      }),

    exportPart: (input) => withHeartbeat((signal) => exportSlice(source, input, signal)),

    archiveExport: ({ parts, ...given }) =>
      withHeartbeat(async (signal) => {
        const { tenantId, exportId } = given;
        const underWay = await database.read('identity', ({ sql }) => exportUnderWay(sql, given));
        if (underWay) {
          const { kind, askedAt } = underWay;
          const order = { exportId, kind, askedAt, parts };
          const archive = await writeArchive(storage, archiveKey(given), order, signal);
          const rows = archive.files.reduce((sum, file) => sum + file.rows, 0);
          await database.transaction('identity', (transaction) =>
            moveExport(
              transaction,
              given,
              'complete',
              { rows, bytes: archive.bytes },
              JSON.stringify(archive),
            ),
          );
        }
        await storage.deletePrefix(`${exportFolder(tenantId, exportId)}parts/`);
        await storage.delete(exportSubjectKey(tenantId, exportId));
      }),

    failExport: ({ code, ...given }) =>
      withHeartbeat(async () => {
        await database.transaction('identity', (transaction) =>
          moveExport(transaction, given, 'fail', { code }, code),
        );
        await storage.deletePrefix(exportFolder(given.tenantId, given.exportId));
      }),

    endExportWorkflow: async ({ exportId }) => {
      try {
        await getClient()
          .workflow.getHandle(exportWorkflowId(exportId))
          .terminate('its owner has deleted the export');
        return { ended: true };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { ended: false };
        throw error;
      }
    },

    deleteExportFiles: ({ tenantId, exportId }) =>
      withHeartbeat(async () => void (await storage.deletePrefix(exportFolder(tenantId, exportId)))),

    expireExports: () =>
      withHeartbeat(async (signal) => {
        const over = await database.read('identity', ({ sql }) => expiredExports(sql, expiredAtOnce));
        for (const one of over) {
          signal.throwIfAborted();
          await storage.deletePrefix(exportFolder(one.tenantId, one.exportId));
          await database.transaction('identity', (transaction) => moveExport(transaction, one, 'expire'));
        }
        return { expired: over.length };
      }),
  };
}
