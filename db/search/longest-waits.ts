import type { Sql } from '../sql.ts';

/** How long the longest-waiting process of each kind has waited for its workflow to take it up, in seconds. */
export async function longestWaits(sql: Sql): Promise<{ process: string; seconds: number }[]> {
  return await sql(
    `select 'batch' as process, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds
     from search.batches where phase = 'submitted' and hold is null
     union all
     select 'import', coalesce(extract(epoch from now() - min(updated_at)), 0)::float8
     from search.imports where phase = 'submitted'`,
  );
}
