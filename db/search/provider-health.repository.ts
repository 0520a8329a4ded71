import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/** How the calls of one provider went since the last report of this process. */
export interface HealthReport {
  providerId: string;
  calls: number;
  hits: number;
  misses: number;
  errors: number;
  throttled: number;
  /** Latencies of some of the calls. */
  milliseconds: number[];
  lastFailure: string | null;
  /** Set when the circuit breaker of this process has changed. */
  breaker: { state: 'closed' | 'open' | 'half_open'; openForMs: number | null } | null;
}

/** Adds reports to what is known of their providers. */
export async function writeHealth(sql: Sql, reports: readonly HealthReport[]): Promise<void> {
  await sql(writeReports, [
    JSON.stringify(
      reports
        .toSorted((a, b) => (a.providerId < b.providerId ? -1 : 1))
        .map(({ breaker, ...report }) => ({
          ...report,
          milliseconds: report.milliseconds.map((value) => Math.round(value * 100) / 100),
          state: breaker?.state ?? null,
          openForMs: breaker?.openForMs ?? null,
        })),
    ),
  ]);
}

const writeReports = `
  with given as materialized (
    select * from jsonb_to_recordset($1::jsonb) as given
      ("providerId" uuid, calls int, hits int, misses int, errors int, throttled int, milliseconds float8[],
       "lastFailure" text, state text, "openForMs" float8)
  ), sampled as (
    insert into search.provider_samples (provider_id, calls, hits, misses, errors, throttled, milliseconds)
    select "providerId", calls, hits, misses, errors, throttled, milliseconds from given
  )
  insert into search.provider_health as known
    (provider_id, last_success_at, last_failure_at, last_failure, breaker_state, breaker_open_until, breaker_changed_at)
  select "providerId", case when hits + misses > 0 then now() end, case when errors > 0 then now() end, "lastFailure",
         coalesce(state, 'closed'),
         now() + make_interval(secs => "openForMs" / 1000.0), case when state is not null then now() end
  from given join search.providers p on p.id = given."providerId"
  on conflict (provider_id) do update
  set last_success_at = greatest(known.last_success_at, excluded.last_success_at),
      last_failure_at = greatest(known.last_failure_at, excluded.last_failure_at),
      last_failure = coalesce(excluded.last_failure, known.last_failure),
      breaker_state = case when excluded.breaker_changed_at is null then known.breaker_state
                           else excluded.breaker_state end,
      breaker_open_until = case when excluded.breaker_changed_at is null then known.breaker_open_until
                                else excluded.breaker_open_until end,
      breaker_changed_at = coalesce(excluded.breaker_changed_at, known.breaker_changed_at)`;

export interface ProviderHealth {
  calls: number;
  hits: number;
  misses: number;
  errors: number;
  throttled: number;
  p50Milliseconds: number | null;
  p95Milliseconds: number | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  lastFailure: string | null;
  breakerState: 'closed' | 'open' | 'half_open';
  breakerOpenUntil: Date | null;
  /** The provider itself wants no calls before this time. */
  pausedUntil: Date | null;
  spentDayMicros: string;
  spentMonthMicros: string;
  callsUnderWay: number;
}

/** The window over which calls are counted. */
export const healthWindowMinutes = 15;

/** How a provider of the tenant does; null when there is none of that id. */
export async function readHealth(
  sql: Sql,
  tenantId: string,
  providerId: string,
): Promise<ProviderHealth | null> {
  const [row] = await sql<HealthRow>(selectHealth, [tenantId, providerId, healthWindowMinutes]);
  if (!row) return null;
  return {
    ...row,
    lastSuccessAt: moment(row.lastSuccessAt),
    lastFailureAt: moment(row.lastFailureAt),
    breakerOpenUntil: moment(row.breakerOpenUntil),
    pausedUntil: moment(row.pausedUntil),
  };
}

type Moments = 'lastSuccessAt' | 'lastFailureAt' | 'breakerOpenUntil' | 'pausedUntil';
type HealthRow = Omit<ProviderHealth, Moments> & Record<Moments, string | null>;

function moment(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

const selectHealth = `
  with sample as (
    select * from search.provider_samples
    where provider_id = $2 and taken_at > now() - make_interval(mins => $3)
  ), latency as (
    select percentile_disc(array[0.5, 0.95]) within group (order by value) as quantiles
    from sample, unnest(milliseconds) as value
  )
  select coalesce(s.calls, 0)::int as calls, coalesce(s.hits, 0)::int as hits, coalesce(s.misses, 0)::int as misses,
         coalesce(s.errors, 0)::int as errors, coalesce(s.throttled, 0)::int as throttled,
         quantiles[1] as "p50Milliseconds", quantiles[2] as "p95Milliseconds",
         h.last_success_at as "lastSuccessAt", h.last_failure_at as "lastFailureAt", h.last_failure as "lastFailure",
         case when h.breaker_state = 'open' and h.breaker_open_until <= now() then 'half_open'
              else coalesce(h.breaker_state, 'closed') end as "breakerState",
         case when h.breaker_open_until > now() then h.breaker_open_until end as "breakerOpenUntil",
         case when m.paused_until > now() then m.paused_until end as "pausedUntil",
         case when m.day = (now() at time zone 'utc')::date then m.day_micros else 0 end::text as "spentDayMicros",
         case when m.month = to_char(now() at time zone 'utc', 'YYYY-MM') then m.month_micros else 0 end::text
           as "spentMonthMicros",
         (select coalesce(sum(slots), 0)::int from search.provider_leases l
          where l.provider_id = p.id and l.expires_at > now()) as "callsUnderWay"
  from search.providers p
  left join search.provider_health h on h.provider_id = p.id
  left join search.provider_meters m on m.provider_id = p.id
  cross join latency
  cross join (select sum(calls) as calls, sum(hits) as hits, sum(misses) as misses, sum(errors) as errors,
                     sum(throttled) as throttled from sample) s
  where p.tenant_id = $1 and p.id = $2`;

/** Forgets samples that no window reaches. Gives how many went. */
export async function pruneSamples(sql: Sql): Promise<number> {
  return await countRows(
    sql,
    `delete from search.provider_samples where taken_at < now() - interval '1 day'`,
    [],
  );
}
