import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import { foundOrganisation } from '../../db/identity/founding.ts';
import { addRegistration, lockRegistration } from '../../db/identity/mailed-links.ts';
import type { Registration } from '../../db/identity/registration.entity.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { accountEmail } from '../../domain/identity/email.ts';
import { normalisePassword, requireGoodPassword } from '../../domain/identity/password.ts';
import { profileKinds } from '../../domain/identity/profile.ts';
import { hashPassword } from '../../platform/crypto/password-hash.ts';
import { route, type Route } from '../route.ts';
import { originOf } from './events.ts';
import type { IdentityParts } from './parts.ts';
import { mailedToken, mailSent, newPassword, organisationName, personName } from './schemas.ts';

const registrationBody = z.strictObject({
  email: emailInput,
  password: newPassword,
  name: personName,
  organisation_name: organisationName,
  kind: z.enum(profileKinds).default('person').meta({ description: 'Kind of profile to start with.' }),
});

/**
 * Registering. A wish is only written down; the account is made when the mailed link proves the address. So an address
 * that is taken answers as any other, and nobody can occupy an address of somebody else.
 */
export function createRegistrationRoutes({ database, opaqueTokens }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/registrations',
      summary: 'Register',
      description:
        'Mails a link that makes the account: an organisation and its owner. An address that has an account already gets ' +
        'the same answer; its owner is told by mail.',
      tag: 'Registration',
      access: 'public',
      rate: 'login',
      body: registrationBody,
      responses: { 202: { description: 'A mail is on its way.', body: mailSent } },
      failures: ['identity.password_weak'],
      handler: async (request) => {
        const { body } = request;
        const email = accountEmail(body.email);
        requireGoodPassword(body.password, [email, body.name, body.organisation_name]);
        const passwordHash = await hashPassword(normalisePassword(body.password));
        await database.transaction('identity', async (transaction) => {
          const registration = await addRegistration(transaction, {
            email,
            name: body.name,
            organisationName: body.organisation_name,
            profile: { kind: body.kind },
            passwordHash,
          });
          await transaction.publish({
            type: 'identity.email_verification_requested',
            tenantId: registration.tenantId,
            subject: `registration:${registration.id}`,
            data: { registration_id: registration.id },
            ...originOf(request),
          });
        });
        return { status: 202, body: { status: 'mail_sent' } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/registrations/verify',
      summary: 'Prove the address and make the account',
      tag: 'Registration',
      access: 'public',
      rate: 'login',
      body: z.strictObject({ token: mailedToken }),
      responses: {
        201: {
          description: 'The account is there; log in.',
          body: z.object({ user_id: z.uuid(), organisation_id: z.uuid() }).meta({ id: 'NewAccount' }),
        },
      },
      failures: ['identity.link_invalid'],
      idempotency: { domain: 'identity', mode: 'transaction' },
      handler: async (request, transaction) => {
        const id = opaqueTokens.read('registration', request.body.token);
        const registration = id ? await lockRegistration(transaction, id) : null;
        const users = new UserRepository(transaction);
        if (!registration || !(await users.claimEmail(registration.email))) {
          throw new Failure('identity.link_invalid', 'This link is wrong, used or too old.');
        }
        const userId = await makeAccount(transaction, registration, request.traceId);
        return { status: 201, body: { user_id: userId, organisation_id: registration.tenantId } };
      },
    }),
  ];
}

async function makeAccount(
  transaction: Transaction,
  registration: Registration,
  traceId: string,
): Promise<string> {
  const { tenantId, email, name, profile, passwordHash } = registration;
  registration.usedAt = new Date();
  const user = await new UserRepository(transaction).add({
    id: uuidv7(),
    email,
    name,
    profile,
    passwordHash,
  });
  const origin = { actorId: user.id, traceId };
  const founding = { id: tenantId, name: registration.organisationName, ownerId: user.id };
  await foundOrganisation(transaction, founding, origin);
  await transaction.publish({
    type: 'user.created',
    tenantId,
    subject: `user:${user.id}`,
    data: { user_id: user.id, role: 'owner', kind: profile.kind },
    ...origin,
  });
  return user.id;
}
