import type { Domain } from '../../domain/domains.ts';
import type { Database } from '../database.ts';
import type { Sql } from '../sql.ts';
import type { CommandKey } from './command.ts';

/** Takes a key for work. Gives the end of the lease, which tells it from any other; null when the key is taken or answered. */
export async function takeLease(
  database: Database,
  domain: Domain,
  command: CommandKey,
  seconds: number,
): Promise<string | null> {
  return await database.read(domain, async ({ sql }) => {
    const [row] = await sql<{ lease: string }>(
      `insert into ${domain}.commands (scope, key, fingerprint, lease_until)
       values ($1, $2, $3, now() + make_interval(secs => $4))
       on conflict (scope, key) do update set lease_until = excluded.lease_until
       where commands.status is null and commands.lease_until < now() and commands.fingerprint = excluded.fingerprint
       returning lease_until::text as lease`,
      [command.scope, command.key, command.fingerprint, seconds],
    );
    return row?.lease ?? null;
  });
}

/** Keeps a lease by signs of life until it is ended; that gives it as it is by then. */
export function keepLease(
  database: Database,
  domain: Domain,
  command: CommandKey,
  taken: string,
  seconds: number,
): { end(): Promise<string> } {
  let lease = taken;
  let renewal = Promise.resolve();
  const renew = async (): Promise<void> => {
    // One whose word is lost is made up for by the next; without any, the lease ends, as it is meant to.
    const [row] = await database
      .read(domain, ({ sql }) => renewLease(sql, domain, command, lease, seconds))
      .catch(() => []);
    if (row) ({ lease } = row);
  };
  const timer = setInterval(
    () => {
      renewal = renewal.then(renew);
    },
    Math.max(1_000, (seconds * 1_000) / 4),
  );
  return {
    end: async () => {
      clearInterval(timer);
      await renewal;
      return lease;
    },
  };
}

/** Not one that is over: whoever was frozen that long no longer knows whose the key is. */
async function renewLease(
  sql: Sql,
  domain: Domain,
  { scope, key }: CommandKey,
  lease: string,
  seconds: number,
): Promise<{ lease: string }[]> {
  return await sql(
    `update ${domain}.commands set lease_until = now() + make_interval(secs => $4)
     where scope = $1 and key = $2 and status is null and lease_until = $3::timestamptz and lease_until > now()
     returning lease_until::text as lease`,
    [scope, key, lease, seconds],
  );
}

/** Only its own: a process that was frozen beyond its lease must not take the key from the one that followed. */
export async function giveUpLease(
  sql: Sql,
  domain: Domain,
  { scope, key }: CommandKey,
  lease: string,
): Promise<void> {
  await sql(
    `delete from ${domain}.commands
     where scope = $1 and key = $2 and status is null and lease_until = $3::timestamptz`,
    [scope, key, lease],
  );
}
