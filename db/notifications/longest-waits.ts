import type { Sql } from '../sql.ts';

/** How long the mail that is overdue longest has waited for a sender to take it, in seconds. */
export async function longestWaits(sql: Sql): Promise<{ process: string; seconds: number }[]> {
  return await sql(
    `select 'notice_mail' as process,
       greatest(coalesce(extract(epoch from now() - min(due_at)), 0), 0)::float8 as seconds
     from notifications.deliveries where state = 'pending'`,
  );
}
