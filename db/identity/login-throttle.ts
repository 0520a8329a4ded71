import { createHash } from 'node:crypto';
import { throttleMemory, throttleRules, type ThrottleKind } from '../../domain/identity/login-throttle.ts';
import type { Sql } from '../sql.ts';

export interface ThrottleSubject {
  kind: ThrottleKind;
  /** The account's address or the network. Stored as a hash. */
  value: string;
}

/**
 * Counts an attempt as failed before it is made, so that attempts at the same moment count too. The wait doubles with
 * each failure beyond the free ones.
 *
 * @returns seconds to wait, and then nothing was counted; 0 when the attempt may be made
 */
export async function reserveAttempt(sql: Sql, subjects: readonly ThrottleSubject[]): Promise<number> {
  const keys = subjects.map(keyOf);
  const rules = subjects.map((subject) => throttleRules[subject.kind]);
  // The clock, not now(): another attempt may have begun later than this one, and been counted before it.
  const [blocked] = await sql<{ seconds: number }>(
    `select coalesce(max(extract(epoch from blocked_until - clock_timestamp())), 0)::float8 as seconds
     from identity.login_throttle where key = any($1::text[])`,
    [keys],
  );
  if (blocked && blocked.seconds > 0) return blocked.seconds;
  const counted = await sql(
    `insert into identity.login_throttle as throttle (key, failures, last_failure_at, blocked_until)
     select key, 1, now(), now() from unnest($1::text[], $2::integer[], $3::integer[]) as given (key, free, most)
     order by key
     on conflict (key) do update
     set last_failure_at = now(),
         (failures, blocked_until) = (
           select counted.failures, now() + make_interval(secs => case
             when counted.failures <= rule.free then 0
             else least(rule.most, power(2, least(counted.failures - rule.free, 30))) end)
           from unnest($1::text[], $2::integer[], $3::integer[]) as rule (key, free, most),
             lateral (select case when throttle.last_failure_at < now() - make_interval(secs => $4) then 1
                                  else throttle.failures + 1 end as failures) counted
           where rule.key = throttle.key)
     where throttle.blocked_until <= clock_timestamp()
     returning key`,
    [keys, rules.map((rule) => rule.free), rules.map((rule) => rule.most), throttleMemory],
  );
  // Another attempt of the same moment has closed the door.
  return counted.length === subjects.length ? 0 : 1;
}

/** Takes back what was counted for an attempt that succeeded, and forgets the account's earlier failures. */
export async function forgiveAttempt(sql: Sql, subjects: readonly ThrottleSubject[]): Promise<void> {
  const keysOf = (kind: ThrottleKind) => subjects.filter((subject) => subject.kind === kind).map(keyOf);
  await sql(`delete from identity.login_throttle where key = any($1::text[])`, [keysOf('account')]);
  await sql(
    `update identity.login_throttle set failures = greatest(failures - 1, 0), blocked_until = now()
     where key = any($1::text[])`,
    [keysOf('network')],
  );
}

export async function pruneLoginThrottle(sql: Sql): Promise<void> {
  await sql(
    `delete from identity.login_throttle
     where last_failure_at < now() - make_interval(secs => $1) and blocked_until < now()`,
    [throttleMemory],
  );
}

function keyOf(subject: ThrottleSubject): string {
  return createHash('sha256').update(`${subject.kind}:${subject.value}`).digest('hex');
}
