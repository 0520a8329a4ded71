import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/**
 * Closes the books on calls whose process died and whose work was never tried again: whether they reached the provider is
 * unknown, so they stay billed at what was reserved. Gives how many there were.
 */
export async function settleAbandonedCharges(sql: Sql, afterHours: number): Promise<number> {
  return await countRows(
    sql,
    `update search.charges
     set state = 'settled', outcome = 'unknown', amount_micros = reserved_micros, settled_at = now()
     where state = 'reserved' and created_at < now() - make_interval(hours => $1)`,
    [afterHours],
  );
}

/**
 * Drops up to `limit` answers kept for equal work tried again; the charges stay. Gives how many there were: call it until
 * that is 0.
 */
export async function pruneChargeAnswers(sql: Sql, afterHours: number, limit: number): Promise<number> {
  return await countRows(
    sql,
    `update search.charges set answer = null where effect_key in (
       select effect_key from search.charges
       where answer is not null and settled_at < now() - make_interval(hours => $1) order by settled_at limit $2)`,
    [afterHours, limit],
  );
}
