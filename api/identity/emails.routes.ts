import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import { addEmailLink, lockEmailLink, voidEmailLinks } from '../../db/identity/mailed-links.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { accountEmail } from '../../domain/identity/email.ts';
import { route, type Route } from '../route.ts';
import { homeTenantOf, originOf, publishOfUser } from './events.ts';
import { proveOwnPassword } from './password-proof.ts';
import { requireSession } from './principals.ts';
import type { IdentityParts } from './parts.ts';
import { givenPassword, mailedToken, mailSent } from './schemas.ts';

/** The change of an account's address: confirmed at the new one, and told to the old one. */
export function createEmailRoutes({ database, opaqueTokens }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/users/me/email-changes',
      summary: 'Change your e-mail address',
      description: 'Mails a link to the new address. Until it is followed, the old one stays in force.',
      tag: 'Account',
      access: 'account:write',
      rate: 'login',
      body: z.strictObject({ email: emailInput, password: givenPassword }),
      responses: { 202: { description: 'A mail is on its way to the new address.', body: mailSent } },
      failures: [
        'identity.session_required',
        'identity.password_wrong',
        'identity.email_unchanged',
        'identity.login_slowed',
      ],
      handler: async (request) => {
        const { userId } = requireSession(request.principal);
        const email = accountEmail(request.body.email);
        const user = await proveOwnPassword(database, userId, request.body.password, request.address);
        if (user.email === email) {
          throw new Failure('identity.email_unchanged', 'This is the address of your account already.');
        }
        await database.transaction('identity', async (transaction) => {
          const link = await addEmailLink(transaction, { purpose: 'email_change', userId, email });
          await transaction.publish({
            type: 'identity.email_change_requested',
            tenantId: await homeTenantOf(transaction, userId),
            subject: `email-link:${link.id}`,
            data: { link_id: link.id, user_id: userId },
            ...originOf(request),
          });
        });
        return { status: 202, body: { status: 'mail_sent' } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/email-changes/confirm',
      summary: 'Confirm the new address by the mailed link',
      tag: 'Account',
      access: 'public',
      rate: 'login',
      body: z.strictObject({ token: mailedToken }),
      responses: { 204: { description: 'The new address is in force; log in with it.' } },
      failures: ['identity.link_invalid'],
      idempotency: { domain: 'identity', mode: 'transaction' },
      handler: async (request, transaction) => {
        const id = opaqueTokens.read('emailChange', request.body.token);
        const link = id ? await lockEmailLink(transaction, 'email_change', id) : null;
        const users = new UserRepository(transaction);
        if (!link || !(await users.claimEmail(link.email))) {
          throw new Failure('identity.link_invalid', 'This link is wrong, used or too old.');
        }
        const user = await users.lock(link.userId);
        link.usedAt = new Date();
        link.previousEmail = user.email ?? null;
        user.email = link.email;
        user.version += 1;
        user.updatedAt = new Date();
        await transaction.em.flush();
        await voidEmailLinks(transaction, user.id);
        const origin = { actorId: user.id, traceId: request.traceId };
        await publishOfUser(transaction, user.id, {
          type: 'user.updated',
          data: { user_id: user.id, changed: ['email'] },
          ...origin,
        });
        await transaction.publish({
          type: 'identity.security_notice',
          tenantId: await homeTenantOf(transaction, user.id),
          subject: `user:${user.id}`,
          data: { user_id: user.id, notice: 'email_changed', link_id: link.id },
          ...origin,
        });
        return { status: 204 };
      },
    }),
  ];
}
