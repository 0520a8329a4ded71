import type { Sql } from '../sql.ts';

/**
 * Closes the books on calls whose process died and whose work was never tried again: whether they reached the provider is
 * unknown, so they stay billed at what was reserved. Gives how many there were.
 */
export async function settleAbandonedCharges(sql: Sql, afterHours: number): Promise<number> {
  const [row] = await sql<{ settled: number }>(
    `with closed as (
       update search.charges
       set state = 'settled', outcome = 'unknown', amount_micros = reserved_micros, settled_at = now()
       where state = 'reserved' and created_at < now() - make_interval(hours => $1)
       returning 1)
     select count(*)::int as settled from closed`,
    [afterHours],
  );
  return row?.settled ?? 0;
}

/** Drops the answers kept for equal work tried again; the charges stay. Gives how many there were. */
export async function pruneChargeAnswers(sql: Sql, afterHours: number): Promise<number> {
  const [row] = await sql<{ pruned: number }>(
    `with cleared as (
       update search.charges set answer = null
       where answer is not null and settled_at < now() - make_interval(hours => $1)
       returning 1)
     select count(*)::int as pruned from cleared`,
    [afterHours],
  );
  return row?.pruned ?? 0;
}
