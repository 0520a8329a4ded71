import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import type { Transaction } from '../../db/database.ts';
import { addEmailLink, lockEmailLink, voidEmailLinks } from '../../db/identity/mailed-links.ts';
import { organisationsOf } from '../../db/identity/organisations.repository.ts';
import { SessionRepository } from '../../db/identity/sessions.repository.ts';
import type { User } from '../../db/identity/user.entity.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { accountEmail } from '../../domain/identity/email.ts';
import { normalisePassword, requireGoodPassword } from '../../domain/identity/password.ts';
import { hashPassword } from '../../platform/crypto/password-hash.ts';
import { route, type Route } from '../route.ts';
import { homeTenantOf, originOf, publishOfUser } from './events.ts';
import { proveOwnPassword } from './password-proof.ts';
import { requireSession } from './principals.ts';
import type { IdentityParts } from './parts.ts';
import { givenPassword, mailedToken, mailSent, newPassword } from './schemas.ts';

/** Lost and changed passwords. A new password ends the sessions that were opened with the old one. */
export function createPasswordRoutes({ database, opaqueTokens }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/password-resets',
      summary: 'Ask for a new password',
      description: 'Mails a link to the address if it is an account, and answers the same if it is none.',
      tag: 'Password',
      access: 'public',
      rate: 'login',
      body: z.strictObject({ email: emailInput }),
      responses: {
        202: { description: 'If there is such an account, a mail is on its way.', body: mailSent },
      },
      idempotency: { domain: 'identity', mode: 'transaction' },
      handler: async (request, transaction) => {
        const email = accountEmail(request.body.email);
        const user = await new UserRepository(transaction).findByEmail(email);
        const tenantId = await homeTenantOf(transaction, user?.id ?? null);
        const userId = user?.id ?? null;
        const link = await addEmailLink(transaction, { purpose: 'password_reset', userId, email });
        await transaction.publish({
          type: 'identity.password_reset_requested',
          tenantId,
          subject: `email-link:${link.id}`,
          data: { link_id: link.id },
          ...originOf(request),
        });
        return { status: 202, body: { status: 'mail_sent' } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/password-resets/complete',
      summary: 'Set a new password by the mailed link',
      description: 'Ends all sessions, and makes every other open link useless.',
      tag: 'Password',
      access: 'public',
      rate: 'login',
      body: z.strictObject({ token: mailedToken, password: newPassword }),
      responses: { 204: { description: 'The password is set; log in.' } },
      failures: ['identity.link_invalid', 'identity.password_weak'],
      handler: async (request) => {
        const { token, password } = request.body;
        const id = opaqueTokens.read('passwordReset', token);
        if (!id) throw linkInvalid();
        await database.transaction('identity', async (transaction) => {
          const link = await lockEmailLink(transaction, 'password_reset', id);
          if (!link) throw linkInvalid();
          const user = await new UserRepository(transaction).lock(link.userId);
          await requireGoodPasswordOf(transaction, user, password);
          link.usedAt = new Date();
          user.passwordHash = await hashPassword(normalisePassword(password));
          user.updatedAt = new Date();
          await transaction.em.flush();
          await voidEmailLinks(transaction, user.id);
          await new SessionRepository(transaction, user.id).endAll('password_reset');
          await publishPasswordChange(transaction, user.id, 'password_reset', {
            actorId: user.id,
            traceId: request.traceId,
          });
        });
        return { status: 204 };
      },
    }),
    route({
      method: 'put',
      path: '/v1/users/me/password',
      summary: 'Change your password',
      description: 'Ends your other sessions.',
      tag: 'Password',
      access: 'account:write',
      rate: 'login',
      body: z.strictObject({ current_password: givenPassword, password: newPassword }),
      responses: { 204: { description: 'Changed.' } },
      failures: [
        'identity.session_required',
        'identity.password_wrong',
        'identity.password_weak',
        'identity.login_slowed',
      ],
      handler: async (request) => {
        const { userId, sessionId } = requireSession(request.principal);
        const { current_password: current, password } = request.body;
        await proveOwnPassword(database, userId, current, request.address);
        await database.transaction('identity', async (transaction) => {
          const user = await new UserRepository(transaction).lock(userId);
          await requireGoodPasswordOf(transaction, user, password);
          user.passwordHash = await hashPassword(normalisePassword(password));
          user.updatedAt = new Date();
          await voidEmailLinks(transaction, userId);
          await new SessionRepository(transaction, userId).endAll('password_changed', sessionId);
          await publishPasswordChange(transaction, userId, 'password_changed', originOf(request));
        });
        return { status: 204 };
      },
    }),
  ];
}

async function requireGoodPasswordOf(transaction: Transaction, user: User, password: string): Promise<void> {
  const organisations = await organisationsOf(transaction, user.id);
  const known = [user.email ?? '', user.name, ...organisations.map(({ name }) => name)];
  requireGoodPassword(password, known);
}

async function publishPasswordChange(
  transaction: Transaction,
  userId: string,
  notice: 'password_reset' | 'password_changed',
  origin: ReturnType<typeof originOf>,
): Promise<void> {
  await publishOfUser(transaction, userId, {
    type: 'user.updated',
    data: { user_id: userId, changed: ['password'] },
    ...origin,
  });
  await transaction.publish({
    type: 'identity.security_notice',
    tenantId: await homeTenantOf(transaction, userId),
    subject: `user:${userId}`,
    data: { user_id: userId, notice },
    ...origin,
  });
}

function linkInvalid(): Failure {
  return new Failure('identity.link_invalid', 'This link is wrong, used or too old.');
}
