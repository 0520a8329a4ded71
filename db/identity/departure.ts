import type { Transaction } from '../database.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import type { SessionEndReason } from '../../domain/identity/session.ts';
import { ApiKeyRepository } from './api-keys.repository.ts';
import { MemberRepository } from './members.repository.ts';
import { OrganisationRepository } from './organisations.repository.ts';
import { SessionRepository } from './sessions.repository.ts';

type Origin = Pick<NewEvent, 'actorId' | 'traceId'>;

/** Takes away everything by which a user can act for an organisation. */
export async function endAccess(
  transaction: Transaction,
  tenantId: string,
  userId: string,
  reason: SessionEndReason,
): Promise<void> {
  await new SessionRepository(transaction, userId).endIn(tenantId, reason);
  await new ApiKeyRepository(transaction, tenantId).revokeAllOf(userId);
}

/**
 * Ends a membership, with the sessions and keys that hang on it.
 *
 * @throws Failure `identity.last_owner`
 */
export async function removeMember(
  transaction: Transaction,
  tenantId: string,
  userId: string,
  origin: Origin,
): Promise<void> {
  await new OrganisationRepository(transaction, tenantId).lock();
  const members = new MemberRepository(transaction, tenantId);
  const member = await members.get(userId);
  if (member.role === 'owner') await members.requireOtherOwner(userId);
  await endAccess(transaction, tenantId, userId, 'membership_ended');
  await members.remove(userId);
  await transaction.publish({
    type: 'identity.member_removed',
    tenantId,
    subject: `organisation:${tenantId}`,
    data: { user_id: userId, role: member.role },
    ...origin,
  });
}

/** Closes an organisation: nobody can act for it any more. Other domains drop its data when they hear of it. */
export async function closeOrganisation(
  transaction: Transaction,
  tenantId: string,
  origin: Origin,
): Promise<void> {
  const organisation = await new OrganisationRepository(transaction, tenantId).lock();
  const { sql } = transaction;
  organisation.deletedAt = new Date();
  await transaction.em.flush();
  await sql(
    `update identity.sessions set ended_at = now(), end_reason = 'membership_ended'
     where tenant_id = $1 and ended_at is null`,
    [tenantId],
  );
  await sql(`update identity.api_keys set revoked_at = now() where tenant_id = $1 and revoked_at is null`, [
    tenantId,
  ]);
  await sql(`delete from identity.invitations where tenant_id = $1`, [tenantId]);
  await sql(`delete from identity.memberships where tenant_id = $1`, [tenantId]);
  await transaction.publish({
    type: 'organisation.deleted',
    tenantId,
    subject: `organisation:${tenantId}`,
    data: { organisation_id: tenantId },
    ...origin,
  });
}
