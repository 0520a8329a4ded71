import type { Sql } from '../../db/sql.ts';
import { purgeDeleted, takeUnusedAssets, takeUnusedPictures } from '../../db/designs/upkeep.ts';
import { pictureFolder } from '../../domain/designs/files.ts';
import type { DesignUpkeepActivities } from '../../workflows/designs/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';

const atOnce = 200;

/** Deletes what nobody needs any more. Files go before their rows are: what breaks off is found again. */
export function createDesignUpkeepActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): DesignUpkeepActivities {
  const untilNothing = (some: (sql: Sql) => Promise<number>): Promise<{ removed: number }> =>
    withHeartbeat(async (signal) => {
      let removed = 0;
      for (let gone = 1; gone > 0;) {
        signal.throwIfAborted();
        gone = await database.transaction('designs', ({ sql }) => some(sql));
        removed += gone;
      }
      return { removed };
    });

  return {
    purgeDesigns: () => untilNothing((sql) => purgeDeleted(sql, atOnce)),

    sweepPictures: () =>
      untilNothing(async (sql) => {
        const unused = await takeUnusedPictures(sql, atOnce);
        for (const { tenantId, contentHash, rendering } of unused)
          await storage.deletePrefix(pictureFolder(tenantId, contentHash, rendering));
        return unused.length;
      }),

    sweepAssets: () =>
      untilNothing(async (sql) => {
        const keys = await takeUnusedAssets(sql, atOnce);
        for (const key of keys) await storage.delete(key);
        return keys.length;
      }),
  };
}
