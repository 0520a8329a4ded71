import type { Sql } from '../sql.ts';

/** A process that has ended long ago. */
export interface OldProcess {
  id: string;
  tenantId: string;
  fileKey: string;
}

/** Batches that ended more than so many days ago and still keep rows and files, the oldest first. */
export async function findOldBatches(sql: Sql, days: number, limit: number): Promise<OldProcess[]> {
  return await sql<OldProcess>(
    `select id, tenant_id as "tenantId", file->>'key' as "fileKey" from search.batches
     where finished_at < now() - make_interval(days => $1) and phase in ('completed', 'cancelled', 'failed')
     order by finished_at limit $2`,
    [days, limit],
  );
}

/** Imports that ended more than so many days ago and still keep their files, the oldest first. */
export async function findOldImports(sql: Sql, days: number, limit: number): Promise<OldProcess[]> {
  return await sql<OldProcess>(
    `select id, tenant_id as "tenantId", file->>'key' as "fileKey" from search.imports
     where finished_at < now() - make_interval(days => $1) and phase in ('completed', 'failed', 'cancelled')
     order by finished_at limit $2`,
    [days, limit],
  );
}
