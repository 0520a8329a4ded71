import type { FeedMark, SweepingMark } from '../../domain/notifications/feed.ts';
import type { Database, Transaction } from '../database.ts';
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
  await change(
    transaction,
    owner,
    mark,
    { picked: 'id = $3', upTo: 'null::bigint', parameters: [id] },
    { kind: 'changed', itemId: id, category: null },
    { item_id: id },
  );
  return await feed.get(id);
}

/** Items that are marked in one transaction. Meanwhile nothing is added to the feed, and each costs an entry in every index. */
const itemsAtOnce = 2_000;

/**
 * Marks all items up to one, or of a category, a slice at a time: oldest first, each slice a transaction that is told as "all up to here".
 * So a feed of any length takes no statement long and holds up nobody; what has come meanwhile stays as it is, and the count is right after
 * each slice. A process that dies in between leaves the rest as it was, and to do it again marks the rest.
 *
 * @returns how many it has changed, and how many are unread then
 * @throws Failure `notifications.notification_not_found` when `upTo` names none of the user's
 */
export async function markFeed(
  database: Database,
  owner: FeedOwner,
  mark: SweepingMark,
  { upTo, category }: FeedSweep,
  limit = itemsAtOnce,
): Promise<{ changed: number; unread: number }> {
  const data = { ...(upTo === undefined ? {} : { up_to: upTo }), ...(category ? { category } : {}) };
  let last: number | null = null;
  let reached = 0;
  let all = 0;
  for (;;) {
    const slice = await database.transaction('notifications', async (transaction) => {
      const sequence = await hold(transaction, owner);
      const feed = new FeedRepository(transaction.sql, owner.tenantId, owner.userId);
      const end = last ?? (upTo === undefined ? sequence : (await feed.get(upTo)).sequence);
      const done = await change(
        transaction,
        owner,
        mark,
        {
          picked: `sequence > $3 and sequence <= $4 ${category ? 'and category = $6' : ''} order by sequence limit $5`,
          upTo: 'case when changed < $5 then $4::bigint else reached end',
          parameters: [reached, end, limit, ...(category ? [category] : [])],
        },
        { kind: `all_${mark}`, itemId: null, category: category ?? null },
        data,
      );
      return { ...done, end, unread: (await feed.count()).unread };
    });
    all += slice.changed;
    if (slice.changed < limit) return { changed: all, unread: slice.unread };
    last = slice.end;
    reached = slice.reached;
  }
}

/** Holds the feed until the transaction ends, so that its changes get their numbers in the order of their commits. */
async function hold({ sql }: Transaction, { tenantId, userId }: FeedOwner): Promise<number> {
  const [feed] = await sql<{ sequence: number }>(
    `select sequence::float8 as sequence from notifications.feeds where tenant_id = $1 and user_id = $2 for no key update`,
    [tenantId, userId],
  );
  return feed?.sequence ?? 0;
}

/** Which items are marked. */
interface Picked {
  /** A condition, with what may follow one. Its parameters begin with `$3`. */
  picked: string;
  /** Up to which number all are marked then, by how many have `changed` and the number that was `reached`. */
  upTo: string;
  parameters: readonly unknown[];
}

async function change(
  { sql, publish, wake }: Transaction,
  { tenantId, userId, traceId }: FeedOwner,
  mark: FeedMark,
  { picked, upTo, parameters }: Picked,
  told: { kind: string; itemId: string | null; category: string | null },
  data: Record<string, unknown>,
): Promise<{ changed: number; reached: number }> {
  const { set, when, event } = rules[mark];
  const next = 3 + parameters.length;
  const [done] = await sql<{ changed: number; reached: number }>(
    `with changed as (
       update notifications.feed_items i set ${set}
       from (
         select id, read_at is null as unread from notifications.feed_items
         where tenant_id = $1 and user_id = $2 and ${when} and ${picked}
       ) was
       where i.id = was.id
       returning i.sequence, was.unread as was_unread, i.read_at is null as is_unread
     ), counted as (
       select count(*)::integer as changed, max(sequence) as reached,
         (count(*) filter (where is_unread) - count(*) filter (where was_unread))::integer as more_unread
       from changed
     ), fed as (
       update notifications.feeds f set sequence = f.sequence + 1, unread = f.unread + c.more_unread
       from counted c where f.tenant_id = $1 and f.user_id = $2 and c.changed > 0
       returning f.sequence, c.changed, c.reached
     ), told as (
       insert into notifications.feed_changes (tenant_id, user_id, sequence, kind, item_id, up_to, category)
       select $1, $2, sequence, $${next}, $${next + 1}::uuid, ${upTo}, $${next + 2} from fed
     )
     select changed, reached::float8 as reached from fed`,
    [tenantId, userId, ...parameters, told.kind, told.itemId, told.category],
  );
  if (!done) return { changed: 0, reached: 0 };
  await publish({
    type: event,
    tenantId,
    subject: `feed:${userId}`,
    data: { ...data, items: done.changed },
    actorId: userId,
    traceId,
  });
  wake(feedChannel, feedKey(tenantId, userId));
  return done;
}
