import type { FeedMark, SweepingMark } from '../../domain/notifications/feed.ts';
import type { Transaction } from '../database.ts';
import type { FeedItem } from './feed-item.ts';
import { feedChannel, feedKey, FeedRepository } from './feed.repository.ts';

/** The user whose feed it is: nobody else marks anything in it. */
export interface FeedOwner {
  tenantId: string;
  userId: string;
  traceId: string | null;
}

/** What many items are picked by. */
export interface FeedSweep {
  /** Those up to this one, which the user has seen; all where it is left out. */
  upTo?: string | undefined;
  category?: string | undefined;
}

interface MarkRule {
  set: string;
  /** Which items it changes: it is done once. */
  when: string;
  event: string;
}

const rules: Record<FeedMark, MarkRule> = {
  read: { set: 'read_at = now()', when: 'read_at is null', event: 'notification.read' },
  unread: {
    set: 'read_at = null, archived_at = null',
    when: 'read_at is not null',
    event: 'notification.unread',
  },
  archive: {
    set: 'archived_at = now(), read_at = coalesce(i.read_at, now())',
    when: 'archived_at is null',
    event: 'notification.archived',
  },
  unarchive: { set: 'archived_at = null', when: 'archived_at is not null', event: 'notification.unarchived' },
};

/**
 * Marks one item, and tells whoever follows the feed. One that is so marked already stays as it is, and nobody is told.
 *
 * @throws Failure `notifications.notification_not_found`, also for another user's
 */
export async function markFeedItem(
  transaction: Transaction,
  owner: FeedOwner,
  mark: FeedMark,
  id: string,
): Promise<FeedItem> {
  await hold(transaction, owner);
  const feed = new FeedRepository(transaction.sql, owner.tenantId, owner.userId);
  await feed.get(id);
  const change = { kind: 'changed', itemId: id, upTo: null, category: null };
  await apply(transaction, owner, mark, change, { item_id: id });
  return await feed.get(id);
}

/**
 * Marks all items up to one, or of a category.
 *
 * @returns how many it has changed, and how many are unread then
 * @throws Failure `notifications.notification_not_found` when `upTo` names none of the user's
 */
export async function markFeed(
  transaction: Transaction,
  owner: FeedOwner,
  mark: SweepingMark,
  { upTo, category }: FeedSweep,
): Promise<{ changed: number; unread: number }> {
  const sequence = await hold(transaction, owner);
  const feed = new FeedRepository(transaction.sql, owner.tenantId, owner.userId);
  const last = upTo === undefined ? sequence : (await feed.get(upTo)).sequence;
  const change = { kind: `all_${mark}`, itemId: null, upTo: last, category: category ?? null };
  const data = { ...(upTo === undefined ? {} : { up_to: upTo }), ...(category ? { category } : {}) };
  const changed = await apply(transaction, owner, mark, change, data);
  return { changed, unread: (await feed.count()).unread };
}

/** Holds the feed until the transaction ends, so that its changes get their numbers in the order of their commits. */
async function hold({ sql }: Transaction, { tenantId, userId }: FeedOwner): Promise<number> {
  const [feed] = await sql<{ sequence: number }>(
    `select sequence::float8 as sequence from notifications.feeds where tenant_id = $1 and user_id = $2 for no key update`,
    [tenantId, userId],
  );
  return feed?.sequence ?? 0;
}

interface Change {
  kind: string;
  itemId: string | null;
  upTo: number | null;
  category: string | null;
}

async function apply(
  { sql, publish, wake }: Transaction,
  { tenantId, userId, traceId }: FeedOwner,
  mark: FeedMark,
  { kind, itemId, upTo, category }: Change,
  data: Record<string, unknown>,
): Promise<number> {
  const { set, when, event } = rules[mark];
  const [done] = await sql<{ changed: number }>(
    `with changed as (
       update notifications.feed_items i set ${set}
       from (
         select id, read_at is null as unread from notifications.feed_items
         where tenant_id = $1 and user_id = $2 and ${when} and ($3::uuid is null or id = $3)
           and ($4::bigint is null or sequence <= $4) and ($5::text is null or category = $5)
       ) was
       where i.id = was.id
       returning was.unread as was_unread, i.read_at is null as is_unread
     ), counted as (
       select count(*)::integer as changed,
         (count(*) filter (where is_unread) - count(*) filter (where was_unread))::integer as more_unread
       from changed
     ), fed as (
       update notifications.feeds f set sequence = f.sequence + 1, unread = f.unread + c.more_unread
       from counted c where f.tenant_id = $1 and f.user_id = $2 and c.changed > 0
       returning f.sequence, c.changed
     ), told as (
       insert into notifications.feed_changes (tenant_id, user_id, sequence, kind, item_id, up_to, category)
       select $1, $2, sequence, $6, $3, $4, $5 from fed
     )
     select changed from fed`,
    [tenantId, userId, itemId, upTo, category, kind],
  );
  if (!done) return 0;
  await publish({
    type: event,
    tenantId,
    subject: `feed:${userId}`,
    data: { ...data, items: done.changed },
    actorId: userId,
    traceId,
  });
  wake(feedChannel, feedKey(tenantId, userId));
  return done.changed;
}
