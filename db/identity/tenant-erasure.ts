import { Failure } from '../../domain/failure.ts';
import { countRowsOfAll } from '../count-rows.ts';
import { eraseTenantMessages } from '../outbox/tenant-erasure.ts';
import type { Sql } from '../sql.ts';

/** @throws Failure `identity.organisation_exists` while nobody has deleted it */
export async function requireDeletedOrganisation(sql: Sql, tenantId: string): Promise<void> {
  const living = await sql('select 1 from identity.organisations where id = $1 and deleted_at is null', [
    tenantId,
  ]);
  if (living.length > 0)
    throw new Failure('identity.organisation_exists', 'The organisation was not deleted.');
}

/** An organisation keeps its row, without a name: other domains' remains hold its id. Accounts are their people's and stay. */
const statements = [
  'delete from identity.sessions where tenant_id = $1',
  'delete from identity.api_keys where tenant_id = $1',
  'delete from identity.invitations where tenant_id = $1',
  'delete from identity.exports where tenant_id = $1',
  'delete from identity.registrations where tenant_id = $1',
  'delete from identity.rate_limits where strpos(key, $1::uuid::text) > 0',
  `update identity.organisations set name = 'Deleted organisation' where id = $1 and name <> 'Deleted organisation'`,
];

/** Erases what identity keeps of a deleted organisation. Gives how many rows; call it until that is 0. */
export async function eraseTenantFromIdentity(sql: Sql, tenantId: string, limit: number): Promise<number> {
  const messages = await eraseTenantMessages(sql, 'identity', tenantId, limit);
  return messages + (await countRowsOfAll(sql, statements, [tenantId]));
}
