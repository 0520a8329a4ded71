import { Migration } from '@mikro-orm/migrations';

/** Counters of limits. Unlogged: to lose them in a crash of PostgreSQL only means to count afresh. */
export class Migration20261121000200_limits extends Migration {
  override up(): void {
    this.addSql(`create unlogged table identity.login_throttle (
      key text primary key,
      failures integer not null,
      last_failure_at timestamptz not null,
      blocked_until timestamptz not null
    )`);
    this.addSql(`create unlogged table identity.rate_limits (
      key text primary key,
      arrival_at timestamptz not null
    )`);
    // Takes tokens from several buckets at once, or from none, by the generic cell rate algorithm: a bucket is the
    // theoretical arrival time of its next request. Rows are locked in the order of their keys, so that two requests
    // never wait for each other. A bucket gives the slice that is asked for while it is more than half full, else one.
    this.addSql(`create function identity.take_tokens(
      bucket_keys text[], intervals float8[], bursts integer[], slices integer[]
    ) returns table (granted integer, remaining integer, reset_seconds float8, wait_seconds float8)
    language plpgsql as $$
    declare
      at timestamptz;
      backlog float8;
      refused boolean := false;
      backlogs float8[] := '{}';
      slice integer;
      stored timestamptz;
      position integer;
    begin
      insert into identity.rate_limits (key, arrival_at)
        select key, '-infinity' from unnest(bucket_keys) key order by key on conflict do nothing;
      perform 1 from identity.rate_limits where key = any(bucket_keys) order by key for update;
      at := clock_timestamp();
      for position in 1 .. cardinality(bucket_keys) loop
        select arrival_at into stored from identity.rate_limits where key = bucket_keys[position];
        backlog := case when stored > at then extract(epoch from stored - at) else 0 end;
        backlogs := backlogs || backlog;
        refused := refused or backlog + intervals[position] > intervals[position] * bursts[position] + 1e-6;
      end loop;
      for position in 1 .. cardinality(bucket_keys) loop
        backlog := backlogs[position];
        slice := 0;
        if not refused then
          slice := case when backlog + intervals[position] * slices[position]
                             <= intervals[position] * bursts[position] / 2 then slices[position] else 1 end;
          backlog := backlog + intervals[position] * slice;
          update identity.rate_limits set arrival_at = at + make_interval(secs => backlog)
            where key = bucket_keys[position];
        end if;
        granted := slice;
        remaining := floor(bursts[position] - backlog / intervals[position] + 1e-6);
        reset_seconds := backlog;
        wait_seconds := greatest(0, backlog + intervals[position] - intervals[position] * bursts[position]);
        return next;
      end loop;
    end $$`);
  }
}
