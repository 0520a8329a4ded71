import { countRows } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/**
 * Closes the books on calls whose process died and whose work was never tried again: whether they reached the provider is
 * unknown, so they stay billed at what was reserved. A provider of our own has been paid nothing. Gives how many there were.
 */
export async function settleAbandonedCharges(sql: Sql, afterHours: number): Promise<number> {
  return await countRows(
    sql,
    `update search.charges c
     set state = case when own.id is null then 'settled' else 'released' end,
       outcome = case when own.id is null then 'unknown' else 'throttled' end,
       amount_micros = case when own.id is null then c.reserved_micros else 0 end, settled_at = now()
     from search.charges lost left join search.providers own on own.id = lost.provider_id and own.kind <> 'http'
     where lost.state = 'reserved' and lost.created_at < now() - make_interval(hours => $1)
       and c.effect_key = lost.effect_key and c.state = 'reserved'`,
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
