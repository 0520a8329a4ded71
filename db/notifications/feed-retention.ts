import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { feedChannel, feedKey } from './feed.repository.ts';

interface DueFeed {
  tenantId: string;
  userId: string;
}

/** Feeds with items, or changes, that are older than they are kept. */
export async function feedsToTidy(
  sql: Sql,
  days: { items: number; changes: number },
  limit: number,
): Promise<DueFeed[]> {
  return await sql<DueFeed>(
    `select tenant_id as "tenantId", user_id as "userId" from (
       (select tenant_id, user_id from notifications.feed_items
        where created_at < now() - make_interval(days => $1) order by created_at limit $3)
       union
       (select tenant_id, user_id from notifications.feed_changes
        where created_at < now() - make_interval(days => $2) order by created_at limit $3)
     ) due`,
    [days.items, days.changes, limit],
  );
}

/**
 * Deletes what is old of one feed, up to `limit` items and changes. Whoever follows it is told up to where its items are
 * gone; whoever was away for longer than changes are kept finds out that it has to read the feed anew.
 *
 * @returns how many items and changes have gone
 */
export async function tidyFeed(
  { sql, wake }: Pick<Transaction, 'sql' | 'wake'>,
  { tenantId, userId }: DueFeed,
  days: { items: number; changes: number },
  limit: number,
): Promise<number> {
  await sql(`select 1 from notifications.feeds where tenant_id = $1 and user_id = $2 for no key update`, [
    tenantId,
    userId,
  ]);
  const [row] = await sql<{ items: number; changes: number }>(
    `with items as (
       delete from notifications.feed_items where id in (
         select id from notifications.feed_items
         where tenant_id = $1 and user_id = $2 and created_at < now() - make_interval(days => $3)
         order by sequence limit $5)
       returning sequence, read_at
     ), changes as (
       delete from notifications.feed_changes where (tenant_id, user_id, sequence) in (
         select tenant_id, user_id, sequence from notifications.feed_changes
         where tenant_id = $1 and user_id = $2 and created_at < now() - make_interval(days => $4)
         order by sequence limit $5)
       returning sequence
     ), gone as (
       select (select count(*) from items)::integer as items, (select count(*) from changes)::integer as changes,
         (select count(*) from items where read_at is null)::integer as unread,
         (select max(sequence) from items) as last_item,
         (select max(sequence) from (select sequence from items union all select sequence from changes) both_kinds) as last
     ), fed as (
       update notifications.feeds f
       set sequence = f.sequence + case when g.items > 0 then 1 else 0 end,
         unread = f.unread - g.unread,
         forgotten = greatest(f.forgotten, coalesce(g.last, 0))
       from gone g where f.tenant_id = $1 and f.user_id = $2
       returning f.sequence
     ), told as (
       insert into notifications.feed_changes (tenant_id, user_id, sequence, kind, up_to)
       select $1, $2, f.sequence, 'expired', g.last_item from fed f, gone g where g.items > 0
     )
     select items, changes from gone`,
    [tenantId, userId, days.items, days.changes, limit],
  );
  if (!row) return 0;
  if (row.items > 0) wake(feedChannel, feedKey(tenantId, userId));
  return row.items + row.changes;
}
