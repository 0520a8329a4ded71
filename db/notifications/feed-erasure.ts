import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { feedChannel, feedKey } from './feed.repository.ts';

/** Rows of feeds of tenant `$1`, up to `$2` of each kind. A feed goes when it is empty: with it would go all that it holds. */
export const feedErasure: readonly string[] = [
  `delete from notifications.feed_items where id in (
     select id from notifications.feed_items where tenant_id = $1 limit $2)`,
  `delete from notifications.feed_changes where (tenant_id, user_id, sequence) in (
     select tenant_id, user_id, sequence from notifications.feed_changes where tenant_id = $1 limit $2)`,
  `delete from notifications.feeds where (tenant_id, user_id) in (
     select tenant_id, user_id from notifications.feeds f where tenant_id = $1
       and not exists (select 1 from notifications.feed_items i where i.tenant_id = f.tenant_id and i.user_id = f.user_id)
       and not exists (select 1 from notifications.feed_changes c where c.tenant_id = f.tenant_id and c.user_id = f.user_id)
     limit $2)`,
];

/** Erases what one user was told in an organisation. */
export async function eraseFeedOfUser(sql: Sql, tenantId: string, userId: string): Promise<void> {
  // Items and changes go with their feed.
  await sql('delete from notifications.feeds where tenant_id = $1 and user_id = $2', [tenantId, userId]);
}

/**
 * Deletes items of feeds. Whoever follows one of the feeds is told to read it anew.
 *
 * @returns how many
 */
export async function eraseFeedItems(
  { sql, wake }: Pick<Transaction, 'sql' | 'wake'>,
  ids: readonly string[],
): Promise<number> {
  await sql(
    `select 1 from notifications.feeds where (tenant_id, user_id) in (
       select tenant_id, user_id from notifications.feed_items where id = any($1::uuid[]))
     order by tenant_id, user_id for no key update`,
    [ids],
  );
  const feeds = await sql<{ tenantId: string; userId: string; items: number }>(
    `with gone as (
       delete from notifications.feed_items where id = any($1::uuid[]) returning tenant_id, user_id, read_at
     ), counted as (
       select tenant_id, user_id, count(*)::integer as items, (count(*) filter (where read_at is null))::integer as unread
       from gone group by tenant_id, user_id
     )
     update notifications.feeds f
     set sequence = f.sequence + 1, forgotten = f.sequence + 1, unread = f.unread - c.unread
     from counted c where f.tenant_id = c.tenant_id and f.user_id = c.user_id
     returning f.tenant_id as "tenantId", f.user_id as "userId", c.items`,
    [ids],
  );
  wake(feedChannel, ...feeds.map(({ tenantId, userId }) => feedKey(tenantId, userId)));
  return feeds.reduce((sum, { items }) => sum + items, 0);
}
