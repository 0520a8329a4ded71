import type { QueryKind } from '../../domain/search/query.ts';
import type { Sql } from '../sql.ts';

export interface TenantDay {
  tenantId: string;
  /** UTC, `YYYY-MM-DD`. */
  day: string;
}

/** Marks days whose statistics no longer agree with the search log. */
export async function markStatisticsDue(sql: Sql, days: readonly TenantDay[]): Promise<void> {
  await sql(
    `insert into search.statistics_due as due (tenant_id, day, marked_at)
     select distinct on (tenant_id, day) tenant_id, day, clock_timestamp()
     from unnest($1::uuid[], $2::date[]) as given (tenant_id, day)
     order by tenant_id, day
     on conflict (tenant_id, day) do update set marked_at = excluded.marked_at`,
    [days.map(({ tenantId }) => tenantId), days.map(({ day }) => day)],
    'search.mark_statistics_due',
  );
}

/** Days to be counted again, the longest waiting first. */
export async function listStatisticsDue(
  sql: Sql,
  limit: number,
): Promise<(TenantDay & { markedAt: string })[]> {
  return await sql(
    `select tenant_id as "tenantId", day::text, marked_at::text as "markedAt"
     from search.statistics_due order by marked_at limit $1`,
    [limit],
  );
}

/**
 * Counts one day of a tenant anew from the search log, in the caller's transaction. A day that is marked again
 * meanwhile stays due. False when somebody else is counting it.
 */
export async function recountDay(sql: Sql, due: TenantDay & { markedAt: string }): Promise<boolean> {
  const [lock] = await sql<{ taken: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended('search.statistics:' || $1 || $2, 0)) as taken`,
    [due.tenantId, due.day],
  );
  if (!lock?.taken) return false;
  await sql('delete from search.statistics where tenant_id = $1 and day = $2', [due.tenantId, due.day]);
  await sql(insertDay, [due.tenantId, due.day]);
  await sql(
    'delete from search.statistics_due where tenant_id = $1 and day = $2 and marked_at = $3::timestamptz',
    [due.tenantId, due.day, due.markedAt],
  );
  return true;
}

/**
 * Searches are counted under an empty provider, and every call under its provider's name. A call that was spared is none;
 * one that the provider would not take counts, but has no latency.
 */
const insertDay = `
  with log as (
    select coalesce(user_id, '00000000-0000-0000-0000-000000000000') as user_id, kind, status, cached, cost_micros,
           milliseconds, trace
    from search.searches
    where tenant_id = $1 and performed_at >= ($2::date::timestamp at time zone 'utc')
      and performed_at < (($2::date + 1)::timestamp at time zone 'utc')
  ), counted as (
    select user_id, '' as provider, kind, cached, cost_micros as cost, milliseconds,
           case status when 'found' then 'hit' when 'not_found' then 'miss' when 'failed' then 'error' else 'other' end
             as outcome
    from log
    union all
    select user_id, step.provider, kind, false, step."costMicros",
           case when step.outcome <> 'throttled' then step.milliseconds end,
           case step.outcome when 'throttled' then 'other' else step.outcome end
    from log, jsonb_to_recordset(trace) as step
      (provider text, outcome text, "costMicros" bigint, milliseconds float8)
    where step.outcome <> 'skipped'
  ), totals as (
    select user_id, provider, kind, count(*) as asked, count(*) filter (where outcome = 'hit') as hits,
           count(*) filter (where outcome = 'miss') as misses, count(*) filter (where outcome = 'error') as errors,
           count(*) filter (where outcome = 'other') as others, count(*) filter (where cached) as cached,
           sum(cost) as cost
    from counted group by user_id, provider, kind
  ), latencies as (
    select user_id, provider, kind, array_agg(milliseconds order by milliseconds) as values,
           array_agg(times order by milliseconds) as counts
    from (select user_id, provider, kind, milliseconds, count(*) as times from counted
          where milliseconds is not null group by user_id, provider, kind, milliseconds) as distinct_values
    group by user_id, provider, kind
  )
  insert into search.statistics
    (tenant_id, day, user_id, provider, kind, asked, hits, misses, errors, others, cached, cost_micros,
     latency_values, latency_counts)
  select $1, $2, user_id, provider, kind, asked, hits, misses, errors, others, cached, cost,
         coalesce(values, '{}'), coalesce(counts, '{}')
  from totals left join latencies using (user_id, provider, kind)`;

export const statisticDimensions = ['day', 'user', 'provider', 'kind'] as const;
export type StatisticDimension = (typeof statisticDimensions)[number];

export interface StatisticsQuery {
  /** UTC days, both included. */
  from: string;
  to: string;
  groupBy: readonly StatisticDimension[];
  userId?: string | undefined;
  provider?: string | undefined;
  kind?: QueryKind | undefined;
}

export interface StatisticsRow {
  /** Null where it was not grouped by. */
  day: string | null;
  userId: string | null;
  provider: string | null;
  kind: string | null;
  asked: string;
  hits: string;
  misses: string;
  errors: string;
  others: string;
  cached: string;
  costMicros: string;
  p50Milliseconds: number | null;
  p95Milliseconds: number | null;
}

/** The search statistics of one tenant. */
export class StatisticsRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /**
   * Sums over the days, users, providers and kinds that it is not grouped by. Grouped or filtered by provider it counts calls,
   * otherwise searches. Quantiles are exact: those of PostgreSQL's `percentile_disc` over the rows of the log.
   */
  async read(query: StatisticsQuery, limit: number): Promise<StatisticsRow[]> {
    const by = (dimension: StatisticDimension, column: string): string =>
      query.groupBy.includes(dimension) ? column : 'null';
    const calls = query.groupBy.includes('provider') || query.provider !== undefined;
    return await this.#sql<StatisticsRow>(
      `with chosen as (
         select ${by('day', 'day::text')} as day, ${by('user', 'user_id')}::uuid as user_id,
                ${by('provider', 'provider')}::text as provider, ${by('kind', 'kind')}::text as kind,
                asked, hits, misses, errors, others, cached, cost_micros, latency_values, latency_counts
         from search.statistics
         where tenant_id = $1 and day between $2 and $3 and (provider <> '') = $4
           and ($5::uuid is null or user_id = $5) and ($6::text is null or provider = $6)
           and ($7::text is null or kind = $7)
       ), keyed as (
         select jsonb_build_array(day, user_id, provider, kind) as key, * from chosen
       ), totals as (
         select key, min(day) as day, (array_agg(user_id))[1] as user_id, min(provider) as provider, min(kind) as kind,
                sum(asked) as asked, sum(hits) as hits, sum(misses) as misses, sum(errors) as errors,
                sum(others) as others, sum(cached) as cached, sum(cost_micros) as cost
         from keyed group by key
       ), latencies as (
         select key, value, sum(times) as times
         from keyed, unnest(latency_values, latency_counts) as latency (value, times) group by key, value
       ), ranked as (
         select key, value, sum(times) over (partition by key order by value) as upto,
                sum(times) over (partition by key) as of
         from latencies
       ), quantiles as (
         select key, min(value) filter (where upto >= ceil(0.5::float8 * of::float8)) as p50,
                min(value) filter (where upto >= ceil(0.95::float8 * of::float8)) as p95
         from ranked group by key
       )
       select day, nullif(user_id, '00000000-0000-0000-0000-000000000000') as "userId", provider, kind,
              asked::text, hits::text, misses::text, errors::text, others::text, cached::text,
              cost::text as "costMicros", p50 as "p50Milliseconds", p95 as "p95Milliseconds"
       from totals left join quantiles using (key)
       order by day, "userId", provider, kind limit $8`,
      [
        this.#tenantId,
        query.from,
        query.to,
        calls,
        query.userId ?? null,
        query.provider ?? null,
        query.kind ?? null,
        limit,
      ],
    );
  }

  /** Days of a range that are still to be counted again. */
  async due(from: string, to: string): Promise<string[]> {
    const rows = await this.#sql<{ day: string }>(
      `select day::text from search.statistics_due where tenant_id = $1 and day between $2 and $3 order by day`,
      [this.#tenantId, from, to],
    );
    return rows.map(({ day }) => day);
  }
}
