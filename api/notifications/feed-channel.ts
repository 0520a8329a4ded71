import type { Database } from '../../db/database.ts';
import { markFeed, markFeedItem } from '../../db/notifications/feed-marks.ts';
import { feedMarks, sweepingMarks } from '../../domain/notifications/feed.ts';
import { channelCommand, type Channel } from '../realtime/channel.ts';
import type { FeedFollowing } from './feed-following.ts';
import { presentFeedItem } from './feed.presenter.ts';
import { itemShape, sweepShape } from './feed.schemas.ts';

const writing = { access: 'notifications:write', rate: 'write' } as const;

/** The caller's feed over a WebSocket: what happens to it, and the marks of `feed.routes.ts` as commands. */
export function createFeedChannel(database: Database, following: FeedFollowing): Channel {
  const ofItem = feedMarks.map((mark) => [
    mark,
    channelCommand({
      ...writing,
      data: itemShape,
      run: ({ principal, data: { id }, traceId }) =>
        database.transaction('notifications', async (transaction) => ({
          item: presentFeedItem(await markFeedItem(transaction, { ...principal, traceId }, mark, id)),
        })),
    }),
  ]);
  const ofAll = sweepingMarks.map((mark) => [
    `${mark}_all`,
    channelCommand({
      ...writing,
      data: sweepShape,
      run: ({ principal, data: { up_to: upTo, category }, traceId }) =>
        markFeed(database, { ...principal, traceId }, mark, { upTo, category }),
    }),
  ]);
  return {
    follow: ({ principal, after, signal }) => following.events(principal, after, signal),
    commands: Object.fromEntries([...ofItem, ...ofAll]) as Channel['commands'],
  };
}
