import { deleteRetired, RecordSetRepository } from '../../db/search/record-set.repository.ts';
import type { RecordSetActivities } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';

const sliceMilliseconds = 10_000;
const rowsAtOnce = 5_000;

/** Clears away what readers of record sets no longer see. */
export function createRecordSetActivities({ database }: WorkerServices): RecordSetActivities {
  return {
    listRetiredContents: ({ tenantId, recordSetId }) =>
      database.read('search', ({ sql }) =>
        new RecordSetRepository(sql, tenantId).retiredContents(recordSetId),
      ),

    deletePeople: ({ tenantId, contentId }) =>
      withHeartbeat(async (signal) => {
        const until = performance.now() + sliceMilliseconds;
        while (performance.now() < until) {
          signal.throwIfAborted();
          const rows = await database.transaction('search', ({ sql }) =>
            deleteRetired(sql, tenantId, contentId, rowsAtOnce),
          );
          if (rows === 0) return { left: false };
        }
        return { left: true };
      }),
  };
}
