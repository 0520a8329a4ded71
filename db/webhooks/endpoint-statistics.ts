import type { Sql } from '../sql.ts';

/** What an endpoint was sent within the last day, and what it still has to be sent. */
export interface EndpointStatistics {
  /** Counted up to 10,000. */
  waiting: number;
  delivered: number;
  failed: number;
  lost: number;
  /** Milliseconds of the attempts that were answered. */
  p50: number | null;
  p95: number | null;
}

export async function endpointStatistics(sql: Sql, endpointId: string): Promise<EndpointStatistics> {
  const [row] = await sql<EndpointStatistics>(
    `select (select count(*)::int from (select 1 from webhooks.deliveries
               where endpoint_id = $1 and state = 'pending' limit 10000) as counted) as waiting,
       count(*) filter (where outcome = 'delivered')::int as delivered,
       count(*) filter (where outcome = 'failed')::int as failed,
       count(*) filter (where outcome = 'lost')::int as lost,
       percentile_cont(0.5) within group (order by milliseconds) filter (where status is not null) as p50,
       percentile_cont(0.95) within group (order by milliseconds) filter (where status is not null) as p95
     from (select * from webhooks.attempts
           where endpoint_id = $1 and started_at > now() - interval '1 day' and trigger <> 'test'
           order by id desc limit 100000) as attempts`,
    [endpointId],
  );
  return row ?? { waiting: 0, delivered: 0, failed: 0, lost: 0, p50: null, p95: null };
}
