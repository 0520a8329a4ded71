import { countRowsOfAll } from '../count-rows.ts';
import type { Sql } from '../sql.ts';
import { pruneLoginThrottle } from './login-throttle.ts';
import { pruneTokenBuckets } from './postgres-token-buckets.ts';

/** How long what is over is kept, for those who ask what happened. */
const keptDays = 30;

const statements = [
  // Refresh tokens go with their sessions.
  `delete from identity.sessions
   where least(expires_at, coalesce(ended_at, expires_at)) < now() - make_interval(days => $1)`,
  // Used ones of a living session: reuse of them is told from an unknown token for as long as they could have lived.
  `delete from identity.refresh_tokens where expires_at < now() - make_interval(days => $1)`,
  `delete from identity.registrations where expires_at < now() - make_interval(days => $1)`,
  `delete from identity.email_links where expires_at < now() - make_interval(days => $1)`,
  `delete from identity.invitations where expires_at < now() - make_interval(days => $1)`,
  // One that still has its archive is first relieved of it.
  `delete from identity.exports
   where (state <> 'completed' or deleted_at is not null)
     and coalesce(deleted_at, expires_at, finished_at) < now() - make_interval(days => $1)`,
];

/** Forgets what has been over for a month. Gives how many rows went. */
export async function cleanIdentity(sql: Sql): Promise<number> {
  const removed = await countRowsOfAll(sql, statements, [keptDays]);
  await pruneLoginThrottle(sql);
  await pruneTokenBuckets(sql);
  return removed;
}
