import type { Sql } from '../sql.ts';
import type { OldSecret } from './endpoint.ts';

/** What of an endpoint is sealed. */
export interface SealedEndpoint {
  id: string;
  tenantId: string;
  secret: string;
  oldSecrets: OldSecret[];
  headers: string | null;
}

/** What of a source is sealed, and the fingerprints that depend on the key ring too. */
export interface SealedSource {
  id: string;
  tenantId: string;
  secrets: string;
  fingerprints: string[];
  credentials: string | null;
}

/** Endpoints behind the given one, by their IDs, locked: each can be sealed anew. */
export async function lockEndpointSecrets(
  sql: Sql,
  after: string | null,
  limit: number,
): Promise<SealedEndpoint[]> {
  return await sql<SealedEndpoint>(
    `select id, tenant_id as "tenantId", secret, old_secrets as "oldSecrets", headers from webhooks.endpoints
     where state <> 'deleted' and ($1::uuid is null or id > $1) order by id limit $2 for no key update`,
    [after, limit],
  );
}

/** It is no change that people make: the version stays. */
export async function writeEndpointSecrets(sql: Sql, given: SealedEndpoint): Promise<void> {
  await sql(`update webhooks.endpoints set secret = $2, old_secrets = $3, headers = $4 where id = $1`, [
    given.id,
    given.secret,
    JSON.stringify(given.oldSecrets),
    given.headers,
  ]);
}

/** Sources behind the given one, by their IDs, locked: each can be sealed anew. */
export async function lockSourceSecrets(
  sql: Sql,
  after: string | null,
  limit: number,
): Promise<SealedSource[]> {
  return await sql<SealedSource>(
    `select id, tenant_id as "tenantId", secrets, secret_fingerprints as fingerprints, credentials
     from webhooks.sources where state <> 'deleted' and ($1::uuid is null or id > $1) order by id limit $2 for no key update`,
    [after, limit],
  );
}

/** It is no change that people make: the version stays. */
export async function writeSourceSecrets(sql: Sql, given: SealedSource): Promise<void> {
  await sql(
    `update webhooks.sources set secrets = $2, secret_fingerprints = $3, credentials = $4 where id = $1`,
    [given.id, given.secrets, given.fingerprints, given.credentials],
  );
}
