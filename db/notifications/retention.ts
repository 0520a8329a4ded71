import { addressKeptDays, keptDays } from '../../domain/notifications/notice.ts';
import { countRowsOfAll } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/** Each deletes up to `$1` rows of those that are kept no longer. What waits still is never among them. */
const statements = [
  `delete from notifications.deliveries where id in (
     select id from notifications.deliveries
     where created_at < now() - interval '${keptDays} days' and state <> 'pending' order by created_at limit $1)`,
  `delete from notifications.notices where id in (
     select id from notifications.notices n where created_at < now() - interval '${keptDays} days'
       and not exists (select 1 from notifications.delivery_notices d where d.notice_id = n.id)
     order by created_at limit $1)`,
  // An address that is suppressed must be known for as long as it is.
  `delete from notifications.addresses where id in (
     select id from notifications.addresses a where used_at < now() - interval '${addressKeptDays} days'
       and not exists (select 1 from notifications.suppressions s where s.address_id = a.id)
     order by used_at limit $1)`,
];

/** Forgets what is older than it is kept, up to `limit` rows of each kind; call it until it gives 0. */
export async function forgetOldNotices(sql: Sql, limit: number): Promise<number> {
  return await countRowsOfAll(sql, statements, [limit]);
}
