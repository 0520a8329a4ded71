import { Failure } from '../../domain/failure.ts';
import { accountEmail } from '../../domain/identity/email.ts';
import type { Database } from '../database.ts';
import { foundOrganisation } from './founding.ts';
import { MemberRepository } from './members.repository.ts';
import { organisationsOf } from './organisations.repository.ts';
import { UserRepository } from './users.repository.ts';

/**
 * Makes a user an operator of the platform, in an organisation of operators' own: an operator sees the outbox of all
 * tenants and the data of none. Only whoever can run a command on the server can do it; no route does.
 *
 * @throws Failure `identity.user_not_found`
 */
export async function makeOperator(database: Database, email: string): Promise<{ tenantId: string }> {
  return await database.transaction('identity', async (transaction) => {
    const users = new UserRepository(transaction);
    const user = await users.findByEmail(accountEmail(email));
    if (!user) throw new Failure('identity.user_not_found', 'There is no such user. Register first.');
    await users.lock(user.id);
    const already = (await organisationsOf(transaction, user.id)).find(({ role }) => role === 'operator');
    if (already) return { tenantId: already.id };
    const origin = { actorId: user.id, traceId: null };
    const founding = { name: 'Operations', ownerId: user.id };
    const organisation = await foundOrganisation(transaction, founding, origin);
    await new MemberRepository(transaction, organisation.id).setRole(user.id, 'operator');
    await transaction.publish({
      type: 'identity.operator_made',
      tenantId: organisation.id,
      subject: `user:${user.id}`,
      data: { user_id: user.id },
      ...origin,
    });
    return { tenantId: organisation.id };
  });
}
