import type { Sql } from '../sql.ts';
import { eraseFeedOfUser } from './feed-erasure.ts';

/** What is a user's alone: of user `$2` in organisation `$1`. What refers to others stands before them. */
const statements = [
  `delete from notifications.deliveries where tenant_id = $1 and user_id = $2`,
  `delete from notifications.notices where tenant_id = $1 and user_id = $2`,
  `delete from notifications.addresses where tenant_id = $1 and user_id = $2`,
  `delete from notifications.preferences where tenant_id = $1 and user_id = $2`,
];

/** Erases what an organisation's notifications keep of a user who has left it, or is no more. */
export async function eraseUserFromNotifications(sql: Sql, tenantId: string, userId: string): Promise<void> {
  for (const statement of statements) await sql(statement, [tenantId, userId]);
  await eraseFeedOfUser(sql, tenantId, userId);
}
