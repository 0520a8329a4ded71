import type { Sql } from '../../db/sql.ts';
import { purgeDeleted, takeUnusedAssets, takeUnusedPictures } from '../../db/designs/upkeep.ts';
import { pictureFolder } from '../../domain/designs/files.ts';
import type { DesignUpkeepActivities } from '../../workflows/designs/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from '../platform/until-nothing.ts';
import type { WorkerServices } from '../services.ts';

const atOnce = 200;
/** Their rows are held while their files go, and a transaction that does nothing for a minute is ended. */
const filesAtOnce = 20;

/** Deletes what nobody needs any more. Files go before their rows are: what breaks off is found again. */
export function createDesignUpkeepActivities({
  database,
  storage,
}: Pick<WorkerServices, 'database' | 'storage'>): DesignUpkeepActivities {
  const removeAll = (some: (sql: Sql) => Promise<number>): Promise<{ removed: number }> =>
    withHeartbeat(async (signal) => ({
      removed: await untilNothing(signal, () => database.transaction('designs', ({ sql }) => some(sql))),
    }));

  return {
    purgeDesigns: () => removeAll((sql) => purgeDeleted(sql, atOnce)),

    sweepPictures: () =>
      removeAll(async (sql) => {
        const unused = await takeUnusedPictures(sql, filesAtOnce);
        for (const { tenantId, contentHash, rendering } of unused)
          await storage.deletePrefix(pictureFolder(tenantId, contentHash, rendering));
        return unused.length;
      }),

    sweepAssets: () =>
      removeAll(async (sql) => {
        const keys = await takeUnusedAssets(sql, filesAtOnce);
        for (const key of keys) await storage.delete(key);
        return keys.length;
      }),
  };
}
