import type { Sql } from '../sql.ts';

/** A tenant's key for payloads, as it is stored: sealed by the key ring, or destroyed. */
export interface StoredTenantKey {
  tenantId: string;
  version: number;
  /** Null once it is destroyed. */
  sealed: string | null;
}

const columns = `tenant_id as "tenantId", version, sealed`;

/** The newest key of a tenant, or null when none was ever made. */
export async function newestTenantKey(sql: Sql, tenantId: string): Promise<StoredTenantKey | null> {
  const [row] = await sql<StoredTenantKey>(
    `select ${columns} from identity.tenant_keys where tenant_id = $1 order by version desc limit 1`,
    [tenantId],
  );
  return row ?? null;
}

export async function findTenantKey(
  sql: Sql,
  tenantId: string,
  version: number,
): Promise<StoredTenantKey | null> {
  const [row] = await sql<StoredTenantKey>(
    `select ${columns} from identity.tenant_keys where tenant_id = $1 and version = $2`,
    [tenantId, version],
  );
  return row ?? null;
}

/** Stores the first key of a tenant. One that another process has stored meanwhile stays, and so does a destroyed one. */
export async function addTenantKey(sql: Sql, key: StoredTenantKey): Promise<void> {
  await sql(
    `insert into identity.tenant_keys (tenant_id, version, sealed) values ($1, $2, $3) on conflict do nothing`,
    [key.tenantId, key.version, key.sealed],
  );
}

/** Destroys all keys of a tenant, for good: also for one that never had any, none is made any more. */
export async function destroyTenantKeys(sql: Sql, tenantId: string): Promise<void> {
  await sql(
    `insert into identity.tenant_keys (tenant_id, version, sealed, destroyed_at) values ($1, 1, null, now())
     on conflict do nothing`,
    [tenantId],
  );
  await sql(
    `update identity.tenant_keys set sealed = null, destroyed_at = now()
     where tenant_id = $1 and sealed is not null`,
    [tenantId],
  );
}

/** Keys in the order of tenants and versions, after the given one, locked: each can be sealed anew. */
export async function lockTenantKeys(
  sql: Sql,
  after: Pick<StoredTenantKey, 'tenantId' | 'version'> | null,
  limit: number,
): Promise<(StoredTenantKey & { sealed: string })[]> {
  return await sql<StoredTenantKey & { sealed: string }>(
    `select ${columns} from identity.tenant_keys
     where sealed is not null and ($1::uuid is null or (tenant_id, version) > ($1, $2::integer))
     order by tenant_id, version limit $3 for update`,
    [after?.tenantId ?? null, after?.version ?? null, limit],
  );
}

export async function resealTenantKey(sql: Sql, key: StoredTenantKey): Promise<void> {
  await sql(`update identity.tenant_keys set sealed = $3 where tenant_id = $1 and version = $2`, [
    key.tenantId,
    key.version,
    key.sealed,
  ]);
}
