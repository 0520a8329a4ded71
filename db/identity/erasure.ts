import { LockMode } from '@mikro-orm/postgresql';
import { Failure } from '../../domain/failure.ts';
import { defaultPreferences } from '../../domain/identity/preferences.ts';
import type { Transaction } from '../database.ts';
import { closeOrganisation, endAccess } from './departure.ts';
import { removeExportsOfAccount } from './exports.repository.ts';
import { MemberRepository } from './members.repository.ts';
import { organisationsOf, OrganisationRepository } from './organisations.repository.ts';
import { SessionRepository } from './sessions.repository.ts';
import { User } from './user.entity.ts';

/**
 * Refuses the wish to be deleted of somebody on whom others depend: the only owner of an organisation with other members
 * hands it over, or deletes it, first.
 *
 * @throws Failure `identity.last_owner`
 */
export async function requireDispensable(transaction: Transaction, userId: string): Promise<void> {
  for (const { id, role } of await organisationsOf(transaction, userId)) {
    await new OrganisationRepository(transaction, id).lock();
    const members = new MemberRepository(transaction, id);
    if (role === 'owner' && (await members.count()) > 1) await members.requireOtherOwner(userId);
  }
}

/** Ends all that a user can act with, everywhere. */
export async function endAllAccess(transaction: Transaction, userId: string): Promise<void> {
  await new SessionRepository(transaction, userId).endAll('account_deleted');
  for (const { id } of await organisationsOf(transaction, userId)) {
    await endAccess(transaction, id, userId, 'account_deleted');
  }
}

/**
 * Erases a user: everything personal goes, the ID stays, since other domains hold it. An organisation without other
 * members is closed; one that would be left without an owner gets the longest-standing of the highest role.
 * Done for the deletion that it was asked for with, and for no other: one that was taken back does nothing.
 */
export async function eraseUser(
  transaction: Transaction,
  deletion: { userId: string; deletionId: string },
): Promise<'erased' | 'taken_back'> {
  const { em, sql } = transaction;
  const { userId } = deletion;
  const user = await em.findOne(User, { id: userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!user) throw new Failure('identity.user_not_found', 'There is no such user.');
  if (user.deletionId !== deletion.deletionId) return 'taken_back';
  if (user.erasedAt) return 'erased';

  await endAllAccess(transaction, userId);
  for (const { id } of await organisationsOf(transaction, userId)) await leave(transaction, id, userId);
  await removeExportsOfAccount(transaction, userId);
  await sql(`delete from identity.sessions where user_id = $1`, [userId]);
  await sql(`delete from identity.email_links where user_id = $1`, [userId]);
  await sql(`delete from identity.registrations where email = $1`, [user.email]);
  await sql(`delete from identity.invitations where email = $1`, [user.email]);
  user.email = null;
  user.passwordHash = null;
  user.name = 'Deleted user';
  user.profile = { kind: 'person' };
  user.preferences = defaultPreferences();
  user.version += 1;
  user.updatedAt = new Date();
  user.erasedAt = new Date();
  return 'erased';
}

async function leave(transaction: Transaction, tenantId: string, userId: string): Promise<void> {
  const { sql } = transaction;
  await new OrganisationRepository(transaction, tenantId).lock();
  const members = new MemberRepository(transaction, tenantId);
  const origin = { actorId: userId, traceId: null };
  await transaction.publish({
    type: 'user.deleted',
    tenantId,
    subject: `user:${userId}`,
    data: { user_id: userId },
    ...origin,
  });
  await members.remove(userId);
  if ((await members.count()) === 0) {
    await closeOrganisation(transaction, tenantId, origin);
    return;
  }
  await sql(
    `update identity.memberships set role = 'owner'
     where tenant_id = $1 and not exists (select 1 from identity.memberships where tenant_id = $1 and role = 'owner')
       and user_id = (select user_id from identity.memberships where tenant_id = $1
                      order by array_position(array['admin', 'member', 'viewer', 'operator'], role), created_at limit 1)`,
    [tenantId],
  );
}
