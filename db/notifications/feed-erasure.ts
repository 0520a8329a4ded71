import type { Sql } from '../sql.ts';

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
