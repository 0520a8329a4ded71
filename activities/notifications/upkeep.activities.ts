import { feedsToTidy, tidyFeed } from '../../db/notifications/feed-retention.ts';
import { forgetOldNotices } from '../../db/notifications/retention.ts';
import { feedRetention } from '../../domain/notifications/feed.ts';
import type { NoticeUpkeepActivities } from '../../workflows/notifications/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { untilNothing } from '../platform/until-nothing.ts';
import type { WorkerServices } from '../services.ts';

const rowsAtOnce = 2_000;
const feedsAtOnce = 200;

/** Deletes what is kept no longer. It can be repeated, and what one run leaves is the next one's. */
export function createNoticeUpkeepActivities({
  database,
}: Pick<WorkerServices, 'database'>): NoticeUpkeepActivities {
  /** Feed by feed, as each has to be told. */
  const tidyFeeds = async (signal: AbortSignal): Promise<number> => {
    let removed = 0;
    for (;;) {
      const feeds = await database.read('notifications', ({ sql }) =>
        feedsToTidy(sql, feedRetention, feedsAtOnce),
      );
      if (feeds.length === 0) return removed;
      for (const feed of feeds) {
        signal.throwIfAborted();
        removed += await database.transaction('notifications', (transaction) =>
          tidyFeed(transaction, feed, feedRetention, rowsAtOnce),
        );
      }
    }
  };

  return {
    forgetNotices: () =>
      withHeartbeat(async (signal) => {
        const items = await tidyFeeds(signal);
        const notices = await untilNothing(signal, () =>
          database.transaction('notifications', ({ sql }) => forgetOldNotices(sql, rowsAtOnce)),
        );
        return { removed: items + notices };
      }),
  };
}
