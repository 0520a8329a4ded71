import { v7 as uuidv7 } from 'uuid';
import { ApiKeyRepository } from '../../db/identity/api-keys.repository.ts';
import { InvitationRepository } from '../../db/identity/invitations.repository.ts';
import { makeSession } from './accounts.ts';
import type { Caller, Tenant, TestApi } from './api.ts';
import { designFixtures } from './design-fixtures.ts';
import { orderFixtures } from './order-fixtures.ts';
import { endpointFixtures } from './endpoint-fixtures.ts';
import { feedFixtures } from './feed-fixtures.ts';
import { processFixtures } from './process-fixtures.ts';
import { noticeFixtures } from './notice-fixtures.ts';
import { inboundFixtures } from './inbound-fixtures.ts';
import { searchFixtures } from './search-fixtures.ts';

export interface FixtureContext {
  api: TestApi;
  /** The organisation that the object shall belong to. */
  tenant: Tenant;
  /** Who will ask for it, and may. */
  caller: Caller;
}

/** How to ask for a route with parameters such that it finds something: for the matrix of access. */
export interface Fixture {
  /** Makes an object of the tenant, and names it. */
  params: (context: FixtureContext) => Promise<Record<string, string>>;
  /** A valid body. Anything but an object, an array or nothing goes as it is. */
  body?: (context: FixtureContext) => unknown;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  /** For operators' routes, whose objects belong to no tenant. Says why. */
  global?: string;
}

const ofMember = {
  params: async ({ api, tenant }: FixtureContext) => ({ id: (await api.user(tenant.id, 'viewer')).userId }),
};
const ofApiKey = {
  params: async ({ api, caller }: FixtureContext) => ({ id: await makeKeyOf(api, caller) }),
};
const ofExport = {
  params: async ({ api, tenant }: FixtureContext) => ({
    id: (await api.client.as(tenant.owner).post('/v1/exports', { of: 'organisation' })).body.id,
  }),
};
const ofOwnExport = {
  params: async ({ api, caller }: FixtureContext) => ({
    id: (await api.client.as(caller).post('/v1/users/me/exports')).body.id,
  }),
};
const ofOrganisation = { params: async ({ tenant }: FixtureContext) => ({ id: tenant.id }) };

/**
 * One for every protected route with parameters, under `method /path`. A route that has none fails
 * `test/access-matrix.test.ts`.
 */
export const fixtures: Record<string, Fixture> = {
  ...searchFixtures,
  ...processFixtures,
  ...orderFixtures,
  ...designFixtures,
  ...endpointFixtures,
  ...inboundFixtures,
  ...feedFixtures,
  ...noticeFixtures,
  'get /v1/members/:id': ofMember,
  'patch /v1/members/:id': { ...ofMember, body: () => ({ role: 'member' }) },
  'delete /v1/members/:id': ofMember,
  'get /v1/api-keys/:id': ofApiKey,
  'delete /v1/api-keys/:id': ofApiKey,
  'get /v1/exports/:id': ofExport,
  'delete /v1/exports/:id': ofExport,
  'get /v1/users/me/exports/:id': ofOwnExport,
  'delete /v1/users/me/exports/:id': ofOwnExport,
  'delete /v1/invitations/:id': {
    params: async ({ api, caller }) => ({ id: await invite(api, caller) }),
  },
  'delete /v1/sessions/:id': {
    params: async ({ api, caller }) => ({ id: await makeSession(api.services.database, caller) }),
  },
  'post /v1/organisations/:id/sessions': ofOrganisation,
  'post /v1/outbox/:domain/:consumer/:position/replay': {
    params: async () => ({ domain: 'identity', consumer: 'audit', position: '1' }),
    global: 'An operator looks after the deliveries of all organisations, and sees none of their data.',
  },
  'delete /v1/organisations/:id/membership': {
    params: async ({ api, tenant }) => {
      await api.user(tenant.id, 'owner');
      return { id: tenant.id };
    },
  },
};

async function makeKeyOf(api: TestApi, { tenantId, userId }: Caller): Promise<string> {
  const id = uuidv7();
  const key = await api.services.database.transaction('identity', (unit) =>
    new ApiKeyRepository(unit, tenantId).add({
      userId,
      name: 'fixture',
      hint: 'pk_0000…',
      secretHash: id,
      scopes: ['account:read'],
      expiresAt: null,
    }),
  );
  return key.id;
}

async function invite(api: TestApi, { tenantId, userId }: Caller): Promise<string> {
  const invitation = await api.services.database.transaction('identity', (unit) =>
    new InvitationRepository(unit, tenantId).add({
      email: `${uuidv7()}@example.com`,
      role: 'member',
      invitedBy: userId,
    }),
  );
  return invitation.id;
}
