import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { foundOrganisation } from '../../db/identity/founding.ts';
import { organisationsOf, type OrganisationOfUser } from '../../db/identity/organisations.repository.ts';
import { rotateRefreshToken } from '../../db/identity/refresh-tokens.ts';
import type { Session } from '../../db/identity/session.entity.ts';
import { SessionRepository } from '../../db/identity/sessions.repository.ts';
import type { User } from '../../db/identity/user.entity.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { accountEmail } from '../../domain/identity/email.ts';
import { normalisePassword } from '../../domain/identity/password.ts';
import { hashPassword, isOutdatedHash } from '../../platform/crypto/password-hash.ts';
import { route, type Request, type Route } from '../route.ts';
import { provePassword } from './password-proof.ts';
import { requireSession } from './principals.ts';
import type { IdentityParts } from './parts.ts';
import { givenPassword, idParams, tokensView } from './schemas.ts';
import { presentTokens } from './tokens.ts';

/** Log-in, refresh and change of organisation: whatever gives tokens. None takes an Idempotency-Key, as no answer with a
 * token in it may be stored. */
export function createLogInRoutes(parts: IdentityParts): Route[] {
  const { database, opaqueTokens } = parts;
  return [
    route({
      method: 'post',
      path: '/v1/sessions',
      summary: 'Log in',
      description:
        'Opens a session. A wrong password and an unknown address get the same answer; both are slowed down by account ' +
        'and by network, and a 429 says for how long.',
      tag: 'Sessions',
      access: 'public',
      rate: 'login',
      body: z
        .strictObject({
          email: emailInput,
          password: givenPassword,
          organisation_id: z
            .uuid()
            .optional()
            .meta({ description: 'Which organisation to work in; without it the one joined first.' }),
        })
        // Without it a page that tries requests out makes up an organisation.
        .meta({ example: { email: 'ada@example.com', password: 'plenty of purple penguins' } }),
      responses: { 201: { description: 'Logged in.', body: tokensView } },
      failures: ['identity.credentials_wrong', 'identity.login_slowed', 'identity.organisation_not_found'],
      handler: async (request) => {
        const { body, address } = request;
        const email = accountEmail(body.email);
        const user = await provePassword(database, { email, password: body.password, address });
        await keepHashCurrent(database, user.id, user.passwordHash ?? null, body.password);
        const opened = await database.transaction('identity', async (transaction) => {
          await ensureOrganisation(transaction, user, request.traceId);
          const organisation = pick(await organisationsOf(transaction, user.id), body.organisation_id);
          return await openSession(transaction, user.id, organisation, request);
        });
        const tokens = await presentTokens(parts, opened.session, opened.role, opened.refreshTokenId);
        return { status: 201, body: tokens };
      },
    }),
    route({
      method: 'post',
      path: '/v1/sessions/refresh',
      summary: 'Get new tokens',
      description:
        'A refresh token is good once. Used again within ten seconds it gives the same successor, for two tabs or a lost ' +
        'answer; used again later it is taken for stolen, and the whole session ends.',
      tag: 'Sessions',
      access: 'public',
      rate: 'login',
      body: z.strictObject({
        refresh_token: z.string().max(200).meta({ example: 'rt_0198c0ffee007000800000000000beef_vZsQ8…' }),
      }),
      responses: { 200: { description: 'New tokens; the old refresh token is used up.', body: tokensView } },
      failures: ['identity.refresh_token_invalid'],
      handler: async (request) => {
        const id = opaqueTokens.read('refresh', request.body.refresh_token);
        // The end of a session must be committed although the request fails, so it fails outside the transaction.
        const refreshed = id
          ? await database.transaction('identity', (transaction) => refresh(transaction, id, request.traceId))
          : null;
        if (!refreshed) {
          throw new Failure(
            'identity.refresh_token_invalid',
            'This refresh token is wrong, used or too old. Log in.',
          );
        }
        const tokens = await presentTokens(
          parts,
          refreshed.session,
          refreshed.organisation.role,
          refreshed.successorId,
        );
        return { status: 200, body: tokens };
      },
    }),
    route({
      method: 'post',
      path: '/v1/organisations/:id/sessions',
      summary: 'Work in another of your organisations',
      description: 'Opens a further session, in that organisation. The present one goes on.',
      tag: 'Sessions',
      access: 'account:write',
      rate: 'write',
      params: idParams,
      responses: { 201: { description: 'Logged in there.', body: tokensView } },
      failures: ['identity.session_required', 'identity.organisation_not_found'],
      handler: async (request) => {
        const { userId } = requireSession(request.principal);
        const opened = await database.transaction('identity', async (transaction) => {
          const organisation = pick(await organisationsOf(transaction, userId), request.params.id);
          return await openSession(transaction, userId, organisation, request);
        });
        const tokens = await presentTokens(parts, opened.session, opened.role, opened.refreshTokenId);
        return { status: 201, body: tokens };
      },
    }),
  ];
}

async function openSession(
  transaction: Transaction,
  userId: string,
  organisation: OrganisationOfUser,
  request: Request<unknown, unknown, unknown, unknown>,
) {
  const opened = await new SessionRepository(transaction, userId).open({
    tenantId: organisation.id,
    address: request.address,
    userAgent: request.ctx.get('User-Agent'),
  });
  await transaction.publish({
    type: 'identity.session_opened',
    tenantId: organisation.id,
    subject: `user:${userId}`,
    data: { session_id: opened.session.id },
    actorId: userId,
    traceId: request.traceId,
  });
  return { ...opened, role: organisation.role };
}

/** Gives a user whose last membership has ended an organisation of the user's own: an account is never locked away. */
async function ensureOrganisation(transaction: Transaction, user: User, traceId: string): Promise<void> {
  await new UserRepository(transaction).lock(user.id);
  if ((await organisationsOf(transaction, user.id)).length > 0) return;
  const founding = { name: user.name, ownerId: user.id };
  await foundOrganisation(transaction, founding, { actorId: user.id, traceId });
}

function pick(organisations: readonly OrganisationOfUser[], id: string | undefined): OrganisationOfUser {
  const picked = id ? organisations.find((organisation) => organisation.id === id) : organisations[0];
  if (!picked) throw new Failure('identity.organisation_not_found', 'You belong to no such organisation.');
  return picked;
}

async function refresh(
  transaction: Transaction,
  tokenId: string,
  traceId: string,
): Promise<{ session: Session; organisation: OrganisationOfUser; successorId: string } | null> {
  const refreshed = await rotateRefreshToken(transaction, tokenId, new Date());
  if (refreshed.outcome === 'refused') return null;
  const { session } = refreshed;
  if (refreshed.outcome === 'reused') {
    const origin = { tenantId: session.tenantId, subject: `user:${session.userId}`, traceId };
    const data = { user_id: session.userId, session_id: session.id };
    await transaction.publish(
      { ...origin, type: 'identity.session_ended', data: { ...data, reason: 'refresh_token_reused' } },
      { ...origin, type: 'identity.security_notice', data: { ...data, notice: 'refresh_token_reused' } },
    );
    return null;
  }
  const organisations = await organisationsOf(transaction, session.userId);
  const organisation = organisations.find((one) => one.id === session.tenantId);
  return organisation ? { session, organisation, successorId: refreshed.successorId } : null;
}

/** Hashes with today's parameters when the stored hash is of older ones: only now is the password at hand. */
async function keepHashCurrent(
  database: Database,
  userId: string,
  stored: string | null,
  password: string,
): Promise<void> {
  if (stored === null || !isOutdatedHash(stored)) return;
  const passwordHash = await hashPassword(normalisePassword(password));
  await database.transaction('identity', async (transaction) => {
    const user = await new UserRepository(transaction).lock(userId);
    if (user.passwordHash === stored) user.passwordHash = passwordHash;
  });
}
