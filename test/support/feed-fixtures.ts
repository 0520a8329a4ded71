import { FeedRepository } from '../../db/notifications/feed.repository.ts';
import { feedMarks } from '../../domain/notifications/feed.ts';
import { feedItem, tell } from './feeds.ts';
import type { Fixture } from './fixtures.ts';

const ofItem: Fixture = {
  params: async ({ api: { services }, caller }) => {
    await tell(services.database, feedItem(caller));
    const [item] = await services.database.read('notifications', ({ sql }) =>
      new FeedRepository(sql, caller.tenantId, caller.userId).list({ archived: null }, 1, null),
    );
    return { id: item?.id ?? '' };
  },
};

/** Items of feeds, for the matrix of access. */
export const feedFixtures: Record<string, Fixture> = {
  'get /v1/notifications/:id': ofItem,
  ...Object.fromEntries(feedMarks.map((mark) => [`post /v1/notifications/:id/${mark}`, ofItem])),
};
