import type { Plan } from '../../domain/identity/plans.ts';
import type { Role } from '../../domain/identity/roles.ts';
import type { Scope } from '../../domain/identity/scopes.ts';
import type { Sql } from '../sql.ts';

/** Whom a live session or key stands for, as things are now: the role is the membership's of this moment. */
export interface CredentialHolder {
  id: string;
  tenantId: string;
  userId: string;
  role: Role;
  plan: Plan;
  /** Null for a session, which has all that its role grants. */
  scopes: Scope[] | null;
  /** In milliseconds since 1970; null for a key that is good until it is revoked. */
  expiresAt: number | null;
}

const holder = `c.id, c.tenant_id as "tenantId", c.user_id as "userId", m.role, o.plan, 
  (extract(epoch from c.expires_at) * 1000)::float8 as "expiresAt"`;
const holderTables = `join identity.memberships m on m.tenant_id = c.tenant_id and m.user_id = c.user_id
  join identity.organisations o on o.id = c.tenant_id and o.deleted_at is null
  join identity.users u on u.id = c.user_id and u.erased_at is null`;

/** The holder of the API key with this hash, or null when there is none or it is over. Notes its use, by the minute. */
export async function findApiKeyHolder(sql: Sql, secretHash: string): Promise<CredentialHolder | null> {
  const [row] = await sql<CredentialHolder>(
    `with touched as (
       update identity.api_keys set last_used_at = now()
       where secret_hash = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute'))
     select ${holder}, c.scopes from identity.api_keys c ${holderTables}
     where c.secret_hash = $1 and c.revoked_at is null and (c.expires_at is null or c.expires_at > now())`,
    [secretHash],
  );
  return row ?? null;
}

/** The holder of a session, or null when it is over. Notes its use, by the minute. */
export async function findSessionHolder(sql: Sql, sessionId: string): Promise<CredentialHolder | null> {
  const [row] = await sql<CredentialHolder>(
    `with touched as (
       update identity.sessions set last_used_at = now()
       where id = $1 and ended_at is null and last_used_at < now() - interval '1 minute')
     select ${holder}, null as scopes from identity.sessions c ${holderTables}
     where c.id = $1 and c.ended_at is null and c.expires_at > now()`,
    [sessionId],
  );
  return row ?? null;
}
