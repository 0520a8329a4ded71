import { countRows, countRowsOfAll } from '../count-rows.ts';
import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';
import { deleteSomeRows } from './batch-results.ts';

/**
 * What goes at once, as there is little of it, and first of all what hides the rest from readers: a set that is deleted
 * takes no more people, and a batch or import that is not there no more results.
 */
const small = [
  `update search.record_sets set deleted_at = now() where tenant_id = $1 and deleted_at is null`,
  `delete from search.imports where tenant_id = $1`,
  `delete from search.erasures where tenant_id = $1`,
  `delete from search.uploads where tenant_id = $1`,
  `delete from search.inline_files where tenant_id = $1`,
  `delete from search.provider_meters where provider_id in (select id from search.providers where tenant_id = $1)`,
  `delete from search.provider_leases where provider_id in (select id from search.providers where tenant_id = $1)`,
  `delete from search.provider_health where provider_id in (select id from search.providers where tenant_id = $1)`,
  `delete from search.provider_samples where provider_id in (select id from search.providers where tenant_id = $1)`,
  `delete from search.providers where tenant_id = $1`,
  `delete from search.settings where tenant_id = $1`,
  `delete from search.flights where tenant_id = $1`,
  `delete from search.statistics where tenant_id = $1`,
  `delete from search.statistics_due where tenant_id = $1`,
];

/** What there may be much of: up to `$2` rows at a time. */
const large = [
  `delete from search.cache_entries where tenant_id = $1 and key in (
     select key from search.cache_entries where tenant_id = $1 limit $2)`,
  `delete from search.searches where id in (select id from search.searches where tenant_id = $1 limit $2)`,
  // The books stay: what was paid to whom. Who asked and what was answered goes.
  `update search.charges set user_id = null, answer = null where effect_key in (
     select effect_key from search.charges
     where tenant_id = $1 and (user_id is not null or answer is not null) limit $2)`,
];

/**
 * Erases what search keeps of a tenant in its database, up to `limit` rows of each kind; call it until it gives 0. Of
 * charges the amounts stay.
 */
export async function eraseTenantFromSearch(sql: Sql, tenantId: string, limit: number): Promise<number> {
  let removed = await countRowsOfAll(sql, small, [tenantId]);
  removed += await countRowsOfAll(sql, large, [tenantId, limit]);
  removed += await eraseBatches(sql, tenantId, limit);
  removed += await eraseRecordSets(sql, tenantId, limit);
  // The outbox last: it knows of batches that were deleted and whose rows may still be there.
  return removed > 0 ? removed : await eraseTenantMessages(sql, 'search', tenantId, limit);
}

/** Rows are stored behind the lock of their batch only: none comes while it is held, nor when the batch is gone. */
async function eraseBatches(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const batches = await sql<{ id: string }>(
    'select id from search.batches where tenant_id = $1 order by id for update',
    [tenantId],
  );
  // Of those that their owner has deleted a moment ago, rows may still be there.
  const deleted = await sql<{ id: string }>(
    `select distinct substr(subject, 7) as id from search.outbox
     where tenant_id = $1 and type = 'search.batch_deleted'`,
    [tenantId],
  );
  let removed = 0;
  for (const { id } of [...batches, ...deleted]) removed += await deleteSomeRows(sql, id, limit);
  return removed > 0
    ? removed
    : await countRows(sql, 'delete from search.batches where tenant_id = $1', [tenantId]);
}

async function eraseRecordSets(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const sets = await sql<{ id: string }>('select id from search.record_sets where tenant_id = $1', [
    tenantId,
  ]);
  let removed = 0;
  for (const { id } of sets) {
    removed += await countBoth(
      sql,
      `delete from search.persons where person_no in (
         select person_no from search.persons where record_set_id = $1 limit $2) returning person_no, keys`,
      `delete from search.person_keys using gone, unnest(gone.keys) as gone_key (key)
       where person_keys.key = gone_key.key and person_keys.person_no = gone.person_no`,
      [id, limit],
    );
    removed += await countBoth(
      sql,
      `delete from search.terms where key in (
         select key from search.terms where record_set_id = $1 limit $2) returning key`,
      `delete from search.spellings using gone where spellings.term_key = gone.key`,
      [id, limit],
    );
  }
  if (removed > 0 || sets.length === 0) return removed;
  // Contents name the set that they are of, so they go with it, in one statement.
  return await countRows(sql, 'delete from search.record_sets where tenant_id = $1', [tenantId]);
}

/** Runs a statement, and in the same one another with what it gives (`gone`). Gives how many rows the first one met. */
async function countBoth(sql: Sql, first: string, second: string, parameters: unknown[]): Promise<number> {
  const [row] = await sql<{ gone: number }>(
    `with gone as (${first}), further as (${second}) select count(*)::int as gone from gone`,
    parameters,
  );
  return row?.gone ?? 0;
}
