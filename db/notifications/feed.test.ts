import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import type { FeedMark } from '../../domain/notifications/feed.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { feedItem, tell } from '../../test/support/feeds.ts';
import { changedFeeds, readFeedEvents, type FeedEvent } from './feed-events.ts';
import { eraseFeedItems, eraseFeedOfUser } from './feed-erasure.ts';
import { markFeed, markFeedItem } from './feed-marks.ts';
import { feedsToTidy, tidyFeed } from './feed-retention.ts';
import { appendToFeeds, feedKey, FeedRepository } from './feed.repository.ts';
import { eraseTenantFromNotifications } from './tenant-erasure.ts';

describe('feeds', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['notifications'] });
  });
  after(() => db?.close());

  const somebody = () => ({ tenantId: uuidv7(), userId: uuidv7(), traceId: null });
  type Owner = ReturnType<typeof somebody>;
  const feedOf = <T>({ tenantId, userId }: Owner, work: (feed: FeedRepository) => Promise<T>) =>
    db.database.read('notifications', ({ sql }) => work(new FeedRepository(sql, tenantId, userId)));
  const all = (owner: Owner) => feedOf(owner, (feed) => feed.list({ archived: null }, 1_000, null));
  const count = (owner: Owner) => feedOf(owner, (feed) => feed.count());
  const eventsOf = (owner: Owner, after = 0, limit = 1_000) =>
    db.database.read('notifications', ({ sql }) => readFeedEvents(sql, owner, after, limit));
  const mark = (owner: Owner, how: FeedMark, id: string) =>
    db.database.transaction('notifications', (transaction) => markFeedItem(transaction, owner, how, id));
  const told = ({ events }: { events: FeedEvent[] }) =>
    events.map(({ sequence, kind, upTo }) => [sequence, kind, upTo]);

  it('take a notification once, however often it comes, and count it once', async () => {
    const [ann, bob] = [somebody(), somebody()];
    const [first, second] = [feedItem(ann), feedItem(ann)];
    assert.equal(await tell(db.database, first), 1);
    assert.equal(await tell(db.database, first, second, second, feedItem(bob)), 2);
    assert.equal(await tell(db.database, first), 0);
    assert.deepEqual(await count(ann), { unread: 2, sequence: 2 });
    assert.deepEqual(await count(bob), { unread: 1, sequence: 1 });
    const items = await all(ann);
    assert.deepEqual(
      items.map(({ notificationId, sequence }) => [notificationId, sequence]),
      [
        [second.notificationId, 2],
        [first.notificationId, 1],
      ],
    );
    const { id: _, sequence: __, createdAt, readAt, archivedAt, ...rest } = items[1] ?? assert.fail();
    assert.deepEqual(rest, first);
    assert.ok(Date.parse(createdAt) > 0);
    assert.deepEqual([readAt, archivedAt], [null, null]);
  });

  it('keep nothing of a transaction that fails', async () => {
    const ann = somebody();
    const failing = db.database.transaction('notifications', async (transaction) => {
      await appendToFeeds(transaction, [feedItem(ann)]);
      throw new Error('changed its mind');
    });
    await assert.rejects(failing, /changed its mind/);
    assert.deepEqual(await count(ann), { unread: 0, sequence: 0 });
  });

  it('number what many do at once in the order of the commits: whoever reads by number misses nothing', async () => {
    const [ann, bob] = [somebody(), somebody()];
    const seen: number[] = [];
    let writing = true;
    const reading = (async () => {
      for (let last = false; !last;) {
        last = !writing;
        const { events } = await eventsOf(ann, seen.at(-1) ?? 0, 7);
        seen.push(...events.map(({ sequence }) => sequence));
        if (events.length > 0) last = false;
      }
    })();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 10; round += 1) {
        // In both orders: they must not wait for each other for ever.
        const items = [feedItem(ann), feedItem(bob)];
        await tell(db.database, ...(writer % 2 ? items : items.toReversed()));
        const [latest] = await feedOf(ann, (feed) => feed.list({ archived: null, unread: true }, 1, null));
        if (latest && round % 3 === 0) await mark(ann, 'read', latest.id);
      }
    });
    await Promise.all(writers);
    writing = false;
    await reading;
    const { sequence, unread } = await count(ann);
    assert.deepEqual(
      seen,
      Array.from({ length: sequence }, (_, at) => at + 1),
    );
    const items = await all(ann);
    assert.equal(items.length, 80);
    assert.equal(unread, items.filter(({ readAt }) => readAt === null).length);
    assert.deepEqual(await count(bob), { unread: 80, sequence: 80 });
  });

  it('are marked once, keep their count, and tell it in an event of the domain', async () => {
    const ann = somebody();
    await tell(db.database, feedItem(ann), feedItem(ann));
    const [item] = await all(ann);
    assert.ok(item);
    const unreadAfter = async (how: FeedMark) => {
      const marked = await mark(ann, how, item.id);
      const again = await mark(ann, how, item.id);
      assert.deepEqual(again, marked);
      return [(await count(ann)).unread, marked.readAt !== null, marked.archivedAt !== null];
    };
    assert.deepEqual(await unreadAfter('read'), [1, true, false]);
    assert.deepEqual(await unreadAfter('unread'), [2, false, false]);
    assert.deepEqual(await unreadAfter('archive'), [1, true, true]);
    assert.deepEqual(await unreadAfter('unarchive'), [1, true, false]);
    assert.deepEqual(await unreadAfter('archive'), [1, true, true]);
    assert.deepEqual(await unreadAfter('unread'), [2, false, false]);
    assert.equal((await count(ann)).sequence, 8);
    const events = await db.database.read('notifications', ({ sql }) =>
      sql<{ type: string }>('select type from notifications.outbox where subject = $1 order by position', [
        `feed:${ann.userId}`,
      ]),
    );
    assert.deepEqual(
      events.map(({ type }) => type.replace('notification.', '')),
      ['read', 'unread', 'archived', 'unarchived', 'archived', 'unread'],
    );
  });

  it('are nobody else’s: neither another user nor another organisation sees or marks anything', async () => {
    const ann = somebody();
    await tell(db.database, feedItem(ann));
    const [item] = await all(ann);
    assert.ok(item);
    for (const other of [
      { ...ann, userId: uuidv7() },
      { ...ann, tenantId: uuidv7() },
    ]) {
      await tell(db.database, feedItem(other));
      const missing = { code: 'notifications.notification_not_found' };
      await assert.rejects(
        feedOf(other, (feed) => feed.get(item.id)),
        missing,
      );
      await assert.rejects(mark(other, 'read', item.id), missing);
      const sweep = markFeed(db.database, other, 'read', { upTo: item.id });
      await assert.rejects(sweep, missing);
      assert.equal((await eventsOf(other)).events.length, 1);
    }
    assert.equal((await count(ann)).unread, 1);
  });

  it('are marked all at once, up to one and of a category, which is told in one event', async () => {
    const ann = somebody();
    const items = ['orders', 'batches', 'orders', 'orders'].map((category) => feedItem(ann, { category }));
    await tell(db.database, ...items);
    const [, third] = await all(ann);
    const sweep = (how: 'read' | 'archive' | 'unarchive', of: { upTo?: string; category?: string } = {}) =>
      markFeed(db.database, ann, how, of);
    assert.ok(third);
    assert.deepEqual(await sweep('read', { upTo: third.id, category: 'orders' }), { changed: 2, unread: 2 });
    assert.deepEqual(await sweep('read', { upTo: third.id, category: 'orders' }), { changed: 0, unread: 2 });
    assert.deepEqual(await sweep('archive', { upTo: third.id }), { changed: 3, unread: 1 });
    assert.deepEqual(await sweep('unarchive'), { changed: 3, unread: 1 });
    assert.deepEqual(await sweep('read'), { changed: 1, unread: 0 });
    assert.deepEqual(told(await eventsOf(ann, 4)), [
      [5, 'all_read', 3],
      [6, 'all_archive', 3],
      [7, 'all_unarchive', 6],
      [8, 'all_read', 7],
    ]);
  });

  it('are marked slice by slice, each told up to where it has come', async () => {
    const ann = somebody();
    await tell(db.database, ...['a', 'b', 'a', 'a', 'b', 'a'].map((category) => feedItem(ann, { category })));
    const sweep = (how: 'read' | 'archive' | 'unarchive', category?: string) =>
      markFeed(db.database, ann, how, { category }, 2);
    assert.deepEqual(await sweep('read', 'a'), { changed: 4, unread: 2 });
    assert.deepEqual(await sweep('archive'), { changed: 6, unread: 0 });
    assert.deepEqual(await sweep('archive'), { changed: 0, unread: 0 });
    assert.deepEqual(told(await eventsOf(ann, 6)), [
      [7, 'all_read', 3],
      [8, 'all_read', 6],
      [9, 'all_archive', 2],
      [10, 'all_archive', 4],
      [11, 'all_archive', 6],
    ]);
  });

  it('stay as they are when they come, or are marked otherwise, while many others are marked', async () => {
    const ann = somebody();
    await tell(db.database, ...Array.from({ length: 300 }, () => feedItem(ann)));
    const [seen, first] = [(await all(ann))[0], (await all(ann)).at(-1)];
    assert.ok(seen && first);
    const meanwhile = (async () => {
      for (let round = 0; round < 20; round += 1) await tell(db.database, feedItem(ann));
    })();
    const marked = await markFeed(db.database, ann, 'read', { upTo: seen.id }, 10);
    await meanwhile;
    assert.equal(marked.changed, 300);
    await mark(ann, 'unread', first.id);
    const items = await all(ann);
    assert.deepEqual(
      items.filter(({ readAt }) => readAt === null).map(({ sequence }) => sequence > seen.sequence),
      [...Array<boolean>(20).fill(true), false],
    );
    assert.equal((await count(ann)).unread, 21);
    const events = (await eventsOf(ann)).events.map(({ sequence }) => sequence);
    assert.deepEqual(
      events,
      Array.from({ length: events.length }, (_, at) => at + 1),
    );
  });

  it('are marked however many there are: no statement takes more than a slice', async () => {
    const ann = somebody();
    const many = 10_500;
    await db.database.transaction('notifications', async ({ sql }) => {
      await sql(
        'insert into notifications.feeds (tenant_id, user_id, sequence, unread) values ($1, $2, $3::integer, $3::integer)',
        [ann.tenantId, ann.userId, many],
      );
      await sql(
        `insert into notifications.feed_items
           (id, tenant_id, user_id, sequence, notification_id, category, type, title, body, data, severity)
         select gen_random_uuid(), $1, $2, n, gen_random_uuid(), 'orders', 'order.shipped', 'On its way', '', '{}', 'info'
         from generate_series(1, $3::integer) n`,
        [ann.tenantId, ann.userId, many],
      );
    });
    assert.deepEqual(await markFeed(db.database, ann, 'read', {}), { changed: many, unread: 0 });
    assert.deepEqual(
      told(await eventsOf(ann, many)),
      [2_000, 4_000, 6_000, 8_000, 10_000, many].map((upTo, slice) => [many + slice + 1, 'all_read', upTo]),
    );
    assert.equal(
      (await feedOf(ann, (feed) => feed.list({ archived: null, unread: true }, 1, null))).length,
      0,
    );
  });

  it('are listed by what they are', async () => {
    const ann = somebody();
    await tell(db.database, ...['a', 'b', 'a', 'b'].map((category) => feedItem(ann, { category })));
    const [newest, , second] = await all(ann);
    assert.ok(newest && second);
    await mark(ann, 'archive', newest.id);
    await mark(ann, 'read', second.id);
    const list = async (filter: object, before: number | null = null) =>
      (await feedOf(ann, (feed) => feed.list({ archived: false, ...filter }, 10, before))).map(
        ({ sequence }) => sequence,
      );
    assert.deepEqual(await list({}), [3, 2, 1]);
    assert.deepEqual(await list({ archived: true }), [4]);
    assert.deepEqual(await list({ archived: null }, 4), [3, 2, 1]);
    assert.deepEqual(await list({ unread: true }), [3, 1]);
    assert.deepEqual(await list({ unread: false }), [2]);
    assert.deepEqual(await list({ category: 'b' }), [2]);
    assert.deepEqual(await list({ category: 'a', unread: true }, 3), [1]);
  });

  it('find those that have changed, in one look for many', async () => {
    const [ann, bob] = [somebody(), somebody()];
    await tell(db.database, feedItem(ann), feedItem(ann), feedItem(bob));
    const look = (known: { owner: Owner; sequence: number }[]) =>
      db.database.read('notifications', ({ sql }) =>
        changedFeeds(
          sql,
          known.map(({ owner, sequence }) => ({ ...owner, sequence })),
        ),
      );
    assert.deepEqual(
      await look([
        { owner: ann, sequence: 1 },
        { owner: bob, sequence: 1 },
        { owner: somebody(), sequence: 0 },
      ]),
      [feedKey(ann.tenantId, ann.userId)],
    );
  });

  it('forget what is old, and tell up to where', async () => {
    const ann = somebody();
    await tell(db.database, feedItem(ann), feedItem(ann), feedItem(ann));
    const [, , oldest] = await all(ann);
    assert.ok(oldest);
    await mark(ann, 'read', oldest.id);
    await db.database.transaction('notifications', async ({ sql }) => {
      await sql(
        `update notifications.feed_items set created_at = now() - interval '91 days'
         where user_id = $1 and sequence <= 2`,
        [ann.userId],
      );
      await sql(
        `update notifications.feed_changes set created_at = now() - interval '15 days' where user_id = $1`,
        [ann.userId],
      );
    });
    const days = { items: 90, changes: 14 };
    const due = await db.database.read('notifications', ({ sql }) => feedsToTidy(sql, days, 100));
    assert.deepEqual(due, [{ tenantId: ann.tenantId, userId: ann.userId }]);
    const tidy = () =>
      db.database.transaction('notifications', (transaction) => tidyFeed(transaction, ann, days, 100));
    assert.equal(await tidy(), 3);
    assert.equal(await tidy(), 0);
    const page = await eventsOf(ann);
    assert.deepEqual([page.forgotten, page.unread, page.sequence], [4, 1, 5]);
    assert.deepEqual(told(page), [
      [3, 'added', null],
      [5, 'expired', 2],
    ]);
  });

  it('go one by one with a person, and whoever follows has to read anew', async () => {
    const [ann, bob] = [somebody(), somebody()];
    await tell(db.database, feedItem(ann), feedItem(ann), feedItem(bob));
    const [[newest, oldest], [other]] = [await all(ann), await all(bob)];
    assert.ok(newest && oldest && other);
    await mark(ann, 'read', oldest.id);
    const erase = () =>
      db.database.transaction('notifications', (transaction) =>
        eraseFeedItems(transaction, [oldest.id, other.id]),
      );
    assert.deepEqual([await erase(), await erase()], [2, 0]);
    assert.deepEqual(
      (await all(ann)).map(({ id }) => id),
      [newest.id],
    );
    const [ofAnn, ofBob] = [await eventsOf(ann), await eventsOf(bob)];
    assert.deepEqual([ofAnn.unread, ofAnn.sequence, ofAnn.forgotten], [1, 4, 4]);
    assert.deepEqual([ofBob.unread, ofBob.sequence, ofBob.forgotten], [0, 2, 2]);
  });

  it('go with their user', async () => {
    const [ann, bob] = [somebody(), somebody()];
    await tell(db.database, feedItem(ann), feedItem(bob));
    await db.database.transaction('notifications', ({ sql }) =>
      eraseFeedOfUser(sql, ann.tenantId, ann.userId),
    );
    assert.deepEqual([await all(ann), (await all(bob)).length], [[], 1]);
    assert.deepEqual(await count(ann), { unread: 0, sequence: 0 });
  });

  it('go with their organisation, a little at a time', async () => {
    const [ann, bob] = [somebody(), somebody()];
    await tell(db.database, feedItem(ann), feedItem(ann), feedItem(ann), feedItem(bob));
    const [item] = await all(ann);
    await mark(ann, 'read', item?.id ?? '');
    let left = 0;
    for (let gone = 1; gone > 0; left += gone)
      gone = await db.database.transaction('notifications', ({ sql }) =>
        eraseTenantFromNotifications(sql, ann.tenantId, 2),
      );
    assert.ok(left >= 5);
    const rows = await db.database.read('notifications', ({ sql }) =>
      sql<{ name: string; rows: number }>(
        `select 'feeds' as name, count(*)::int as rows from notifications.feeds where tenant_id = $1
         union all select 'items', count(*)::int from notifications.feed_items where tenant_id = $1
         union all select 'changes', count(*)::int from notifications.feed_changes where tenant_id = $1`,
        [ann.tenantId],
      ),
    );
    assert.ok(rows.every(({ rows: number }) => number === 0));
    assert.equal((await count(bob)).unread, 1);
  });
});
