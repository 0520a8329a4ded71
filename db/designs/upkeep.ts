import { designRetention } from '../../domain/designs/retention.ts';
import { countRowsOfAll } from '../count-rows.ts';
import type { Sql } from '../sql.ts';

/**
 * Sweeps some designs that were deleted long ago: who had them, their links, and every version that was not ordered. A
 * design goes with its last version.
 *
 * @returns how many rows went; 0 when there is nothing more to do
 */
export async function purgeDeleted(sql: Sql, limit: number): Promise<number> {
  const old = `deleted_at < now() - make_interval(days => ${designRetention.deletedDesigns})`;
  const statements = [
    `delete from designs.designs where id in (
       select d.id from designs.designs d where ${old} and not exists (
         select 1 from designs.versions v where v.design_id = d.id and v.frozen_at is not null) limit $1)`,
    `delete from designs.versions where frozen_at is null and (design_id, number) in (
       select v.design_id, v.number from designs.designs d join designs.versions v on v.design_id = d.id
       where ${old} and v.frozen_at is null limit $1)`,
    `delete from designs.shares where (design_id, user_id) in (
       select s.design_id, s.user_id from designs.designs d join designs.shares s on s.design_id = d.id
       where ${old} limit $1)`,
    `delete from designs.links where id in (
       select id from designs.links where least(expires_at, revoked_at) < now() - make_interval(days => ${designRetention.links})
       limit $1)`,
  ];
  return await countRowsOfAll(sql, statements, [limit]);
}

/** Some pictures whose content no version has any more, held until the transaction ends. */
export async function takeUnusedPictures(
  sql: Sql,
  limit: number,
): Promise<{ id: string; tenantId: string; contentHash: string; rendering: number }[]> {
  return await sql(
    `delete from designs.previews where id in (
       select p.id from designs.previews p where not exists (
         select 1 from designs.versions v where v.tenant_id = p.tenant_id and v.content_hash = p.content_hash)
       limit $1 for update skip locked)
     returning id, tenant_id as "tenantId", content_hash as "contentHash", rendering`,
    [limit],
  );
}

/**
 * Some assets whose file may go: deleted ones, those that never became whole, and those that were replaced, or made for a
 * replacement, and are shown by nothing.
 *
 * @returns their keys in the storage
 */
export async function takeUnusedAssets(sql: Sql, limit: number): Promise<string[]> {
  const held = await sql<{ id: string }>(
    `select a.id from designs.assets a where ${isUnused} limit $1 for update skip locked`,
    [limit],
  );
  // Whoever began to show one before it was held has said so by now; whoever wants to from here on waits.
  const rows = await sql<{ key: string }>(
    `delete from designs.assets a where a.id = any($1::uuid[]) and ${isUnused} returning a.object_key as key`,
    [held.map(({ id }) => id)],
  );
  return rows.map(({ key }) => key);
}

const isUnused = `(a.state = 'deleted'
  or a.state = 'incoming' and a.created_at < now() - make_interval(days => ${designRetention.incomingAssets})
  or a.state = 'stored'
    and coalesce(a.replaced_at, case when a.made_of is not null then a.created_at end)
      < now() - make_interval(days => ${designRetention.replacedAssets})
    and not exists (select 1 from designs.versions v where v.tenant_id = a.tenant_id and v.assets @> array[a.id])
    and not exists (select 1 from designs.presets p where p.tenant_id = a.tenant_id and p.assets @> array[a.id]))`;
