import { z } from 'zod';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import type { Invitation } from '../../db/identity/invitation.entity.ts';
import { lockInvitation } from '../../db/identity/invitations.repository.ts';
import { MemberRepository } from '../../db/identity/members.repository.ts';
import { OrganisationRepository } from '../../db/identity/organisations.repository.ts';
import type { User } from '../../db/identity/user.entity.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { normalisePassword, requireGoodPassword } from '../../domain/identity/password.ts';
import { hashPassword } from '../../platform/crypto/password-hash.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import type { IdentityParts } from './parts.ts';
import { mailedToken, newPassword, personName, role } from './schemas.ts';

const acceptance = z.strictObject({
  token: mailedToken,
  name: personName.optional(),
  password: newPassword.optional(),
});

/** Joining by invitation. The mailed link proves the address, so it needs no further verification. */
export function createJoinRoutes({ database, opaqueTokens }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/invitations/accept',
      summary: 'Join by the mailed link',
      description:
        'Somebody without an account sends a name and a password, which make it. Somebody with one logs in first and ' +
        'sends the token alone.',
      tag: 'Members',
      access: 'public',
      rate: 'login',
      body: acceptance,
      responses: {
        201: {
          description: 'You are a member.',
          body: z
            .object({ user_id: z.uuid(), organisation_id: z.uuid(), role })
            .meta({ id: 'NewMembership' }),
        },
      },
      failures: [
        'identity.link_invalid',
        'identity.account_exists',
        'identity.already_member',
        'identity.password_weak',
      ],
      handler: async (request) => {
        const { body, principal, traceId } = request;
        const id = opaqueTokens.read('invitation', body.token);
        if (!id) throw linkInvalid();
        return await database.transaction('identity', async (transaction) => {
          const invitation = await lockInvitation(transaction, id);
          if (!invitation) throw linkInvalid();
          const { tenantId } = invitation;
          const { name: organisation } = await new OrganisationRepository(transaction, tenantId).lock();
          const joining =
            (await findJoining(transaction, invitation, principal)) ??
            (await makeJoining(transaction, invitation, body, organisation));
          await join(transaction, invitation, joining, traceId);
          return {
            status: 201,
            body: { user_id: joining.user.id, organisation_id: tenantId, role: invitation.role },
          };
        });
      },
    }),
  ];
}

interface Joining {
  user: User;
  isNew: boolean;
}

/** The invited user, when the address is an account: it must be the caller's. */
async function findJoining(
  transaction: Transaction,
  invitation: Invitation,
  principal: Principal | null,
): Promise<Joining | null> {
  const users = new UserRepository(transaction);
  if (await users.claimEmail(invitation.email)) return null;
  const user = await users.findByEmail(invitation.email);
  const isCaller = principal?.kind === 'user' && principal.userId === user?.id;
  if (!user || !isCaller) {
    throw new Failure('identity.account_exists', 'The invited address has an account. Log in with it first.');
  }
  return { user: await users.lock(user.id), isNew: false };
}

async function makeJoining(
  transaction: Transaction,
  invitation: Invitation,
  given: z.output<typeof acceptance>,
  organisation: string,
): Promise<Joining> {
  const { name, password } = given;
  if (name === undefined || password === undefined) {
    const missing = ['name', 'password'].filter((field) => given[field as 'name'] === undefined);
    throw new Failure('request.invalid', 'The body is not valid.', {
      issues: missing.map((field) => ({ pointer: `/body/${field}`, message: 'A new account needs it.' })),
    });
  }
  requireGoodPassword(password, [invitation.email, name, organisation]);
  const user = await new UserRepository(transaction).add({
    id: uuidv7(),
    email: invitation.email,
    name,
    profile: { kind: 'person' },
    passwordHash: await hashPassword(normalisePassword(password)),
  });
  return { user, isNew: true };
}

async function join(
  transaction: Transaction,
  invitation: Invitation,
  { user, isNew }: Joining,
  traceId: string,
): Promise<void> {
  const { tenantId } = invitation;
  const members = new MemberRepository(transaction, tenantId);
  if (await members.hasEmail(invitation.email)) {
    throw new Failure('identity.already_member', 'You are a member already.');
  }
  await members.add(user.id, invitation.role);
  invitation.acceptedAt = new Date();
  const origin = { tenantId, actorId: user.id, traceId };
  if (isNew) {
    await transaction.publish({
      ...origin,
      type: 'user.created',
      subject: `user:${user.id}`,
      data: { user_id: user.id, role: invitation.role, kind: user.profile.kind },
    });
  }
  await transaction.publish({
    ...origin,
    type: 'identity.member_joined',
    subject: `organisation:${tenantId}`,
    data: { user_id: user.id, role: invitation.role, invitation_id: invitation.id },
  });
}

function linkInvalid(): Failure {
  return new Failure('identity.link_invalid', 'This link is wrong, used or too old.');
}
