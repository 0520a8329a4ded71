import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import { OrganisationRepository } from '../../db/identity/organisations.repository.ts';
import type { User } from '../../db/identity/user.entity.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { preferencesSchema } from '../../domain/identity/preferences.ts';
import { profileSchema } from '../../domain/identity/profile.ts';
import { etagOf, requireMatch } from '../etag.ts';
import type { Principal } from '../principal.ts';
import { route, type Request, type Route } from '../route.ts';
import { originOf, publishOfUser } from './events.ts';
import type { IdentityParts } from './parts.ts';
import { moment, personName, role, scope } from './schemas.ts';

const userView = z
  .object({
    id: z.uuid(),
    email: z.email(),
    name: z.string(),
    created_at: moment,
    updated_at: moment,
    deletion_due_at: moment
      .nullable()
      .meta({ description: 'When the account will be erased, if you asked for it.' }),
    organisation: z.object({ id: z.uuid(), name: z.string(), plan: z.string() }),
    role,
    scopes: z.array(scope).meta({ description: 'What this caller may do.' }),
  })
  .meta({ id: 'Me' });

const etagHeader = { ETag: 'Names this state; send it as `If-Match` with an edit.' };

/** The caller's own account: who it is, its profile and its preferences. */
export function createAccountRoutes({ database }: IdentityParts): Route[] {
  const read = async (principal: Principal) =>
    await database.read('identity', (unit) => new UserRepository(unit).get(principal.userId));
  return [
    route({
      method: 'get',
      path: '/v1/users/me',
      summary: 'Who am I',
      tag: 'Account',
      access: 'account:read',
      rate: 'read',
      responses: {
        200: {
          description: 'You, your organisation and what you may do.',
          body: userView,
          headers: etagHeader,
        },
      },
      handler: async ({ principal }) => {
        const [user, organisation] = await database.read('identity', async (unit) => [
          await new UserRepository(unit).get(principal.userId),
          await new OrganisationRepository(unit, principal.tenantId).get(),
        ]);
        return {
          status: 200,
          headers: { ETag: etagOf(user.version) },
          body: presentUser(user, organisation, principal),
        };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/users/me',
      summary: 'Change your name',
      tag: 'Account',
      access: 'account:write',
      rate: 'write',
      body: z.strictObject({ name: personName }),
      ifMatch: true,
      responses: { 200: { description: 'Changed.', body: userView, headers: etagHeader } },
      handler: async (request) => {
        const { principal, body, ctx } = request;
        return await database.transaction('identity', async (transaction) => {
          const user = await new UserRepository(transaction).lock(principal.userId);
          requireMatch(ctx, user.version);
          user.name = body.name;
          await published(transaction, user, 'name', request);
          const organisation = await new OrganisationRepository(transaction, principal.tenantId).get();
          return {
            status: 200,
            headers: { ETag: etagOf(user.version) },
            body: presentUser(user, organisation, principal),
          };
        });
      },
    }),
    route({
      method: 'get',
      path: '/v1/users/me/profile',
      summary: 'Your profile',
      tag: 'Account',
      access: 'account:read',
      rate: 'read',
      responses: { 200: { description: 'The profile.', body: profileSchema, headers: etagHeader } },
      handler: async ({ principal }) => {
        const { profile } = await read(principal);
        return { status: 200, headers: { ETag: etagOf(profile) }, body: profile };
      },
    }),
    route({
      method: 'put',
      path: '/v1/users/me/profile',
      summary: 'Set your profile',
      description: 'As a person, a virtual assistant or a company. What is left out is removed.',
      tag: 'Account',
      access: 'account:write',
      rate: 'write',
      body: profileSchema,
      ifMatch: true,
      responses: { 200: { description: 'Set.', body: profileSchema, headers: etagHeader } },
      handler: async (request) =>
        await database.transaction('identity', async (transaction) => {
          const user = await new UserRepository(transaction).lock(request.principal.userId);
          requireMatch(request.ctx, user.profile);
          user.profile = request.body;
          await published(transaction, user, 'profile', request);
          const { profile } = user;
          return { status: 200, headers: { ETag: etagOf(profile) }, body: profile };
        }),
    }),
    route({
      method: 'get',
      path: '/v1/users/me/preferences',
      summary: 'Your preferences',
      tag: 'Account',
      access: 'account:read',
      rate: 'read',
      responses: { 200: { description: 'All of them.', body: preferencesSchema, headers: etagHeader } },
      handler: async ({ principal }) => {
        const { preferences } = await read(principal);
        return { status: 200, headers: { ETag: etagOf(preferences) }, body: preferences };
      },
    }),
    route({
      method: 'put',
      path: '/v1/users/me/preferences',
      summary: 'Set your preferences',
      description: 'What is left out goes back to its default.',
      tag: 'Account',
      access: 'account:write',
      rate: 'write',
      body: preferencesSchema,
      ifMatch: true,
      responses: { 200: { description: 'Set.', body: preferencesSchema, headers: etagHeader } },
      handler: async (request) =>
        await database.transaction('identity', async (transaction) => {
          const user = await new UserRepository(transaction).lock(request.principal.userId);
          requireMatch(request.ctx, user.preferences);
          user.preferences = request.body;
          await published(transaction, user, 'preferences', request);
          const { preferences } = user;
          return { status: 200, headers: { ETag: etagOf(preferences) }, body: preferences };
        }),
    }),
  ];
}

async function published(
  transaction: Transaction,
  user: User,
  changed: 'name' | 'profile' | 'preferences',
  request: Request<unknown, unknown, unknown, Principal>,
): Promise<void> {
  user.version += 1;
  user.updatedAt = new Date();
  await publishOfUser(transaction, user.id, {
    type: 'user.updated',
    data: { user_id: user.id, changed: [changed] },
    ...originOf(request),
  });
}

function presentUser(
  user: User,
  organisation: { id: string; name: string; plan: string },
  principal: Principal,
) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
    deletion_due_at: user.deletionDueAt?.toISOString() ?? null,
    organisation: { id: organisation.id, name: organisation.name, plan: organisation.plan },
    role: principal.role,
    scopes: [...principal.scopes],
  };
}
