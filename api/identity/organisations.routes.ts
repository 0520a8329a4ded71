import { z } from 'zod';
import { closeOrganisation, removeMember } from '../../db/identity/departure.ts';
import { foundOrganisation } from '../../db/identity/founding.ts';
import type { Organisation } from '../../db/identity/organisation.entity.ts';
import { OrganisationRepository, organisationsOf } from '../../db/identity/organisations.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { plans } from '../../domain/identity/plans.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { route, type Route } from '../route.ts';
import { originOf } from './events.ts';
import { requireSession } from './principals.ts';
import type { IdentityParts } from './parts.ts';
import { idParams, moment, organisationName, role } from './schemas.ts';

const organisationView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    plan: z.enum(plans),
    created_at: moment,
    updated_at: moment,
  })
  .meta({ id: 'Organisation' });

const mineView = z.object({
  items: z.array(
    z.object({ id: z.uuid(), name: z.string(), plan: z.enum(plans), role, member_since: moment }),
  ),
});

const etagHeader = { ETag: 'Names this state; send it as `If-Match` with an edit.' };

/** Organisations: the one the caller works in, and the others the user belongs to. */
export function createOrganisationRoutes({ database }: IdentityParts): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/organisation',
      summary: 'Your organisation',
      tag: 'Organisation',
      access: 'account:read',
      rate: 'read',
      responses: {
        200: {
          description: 'The one that your token or key belongs to.',
          body: organisationView,
          headers: etagHeader,
        },
      },
      handler: async ({ principal }) => {
        const organisation = await database.read('identity', (unit) =>
          new OrganisationRepository(unit, principal.tenantId).get(),
        );
        return {
          status: 200,
          headers: { ETag: etagOf(organisation.version) },
          body: presentOrganisation(organisation),
        };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/organisation',
      summary: 'Rename your organisation',
      tag: 'Organisation',
      access: 'organisation:write',
      rate: 'write',
      body: z.strictObject({ name: organisationName }),
      ifMatch: true,
      responses: { 200: { description: 'Renamed.', body: organisationView, headers: etagHeader } },
      handler: async (request) => {
        const { tenantId } = request.principal;
        return await database.transaction('identity', async (transaction) => {
          const organisation = await new OrganisationRepository(transaction, tenantId).lock();
          requireMatch(request.ctx, organisation.version);
          organisation.name = request.body.name;
          organisation.version += 1;
          organisation.updatedAt = new Date();
          await transaction.publish({
            type: 'organisation.updated',
            tenantId,
            subject: `organisation:${tenantId}`,
            data: { organisation_id: tenantId, changed: ['name'] },
            ...originOf(request),
          });
          return {
            status: 200,
            headers: { ETag: etagOf(organisation.version) },
            body: presentOrganisation(organisation),
          };
        });
      },
    }),
    route({
      method: 'delete',
      path: '/v1/organisation',
      summary: 'Delete your organisation',
      description: 'At once, for all its members, with their sessions and keys. Its name must be repeated.',
      tag: 'Organisation',
      access: 'organisation:delete',
      rate: 'write',
      query: z.strictObject({ name: organisationName }),
      responses: { 204: { description: 'Deleted.' } },
      failures: ['identity.session_required'],
      handler: async (request) => {
        const { tenantId } = requireSession(request.principal);
        await database.transaction('identity', async (transaction) => {
          const { name } = await new OrganisationRepository(transaction, tenantId).lock();
          if (name !== request.query.name) {
            throw new Failure('request.invalid', 'The query is not valid.', {
              issues: [{ pointer: '/query/name', message: 'It is not the name of the organisation.' }],
            });
          }
          await closeOrganisation(transaction, tenantId, originOf(request));
        });
        return { status: 204 };
      },
    }),
    route({
      method: 'get',
      path: '/v1/organisations',
      summary: 'All your organisations',
      description: 'One user may belong to several; each session and each key works in one of them.',
      tag: 'Organisation',
      access: 'account:read',
      rate: 'read',
      responses: { 200: { description: 'The one joined first stands first.', body: mineView } },
      failures: ['identity.session_required'],
      handler: async ({ principal }) => {
        const { userId } = requireSession(principal);
        const mine = await database.read('identity', (unit) => organisationsOf(unit, userId));
        const items = mine.map(({ memberSince, ...organisation }) => ({
          ...organisation,
          member_since: memberSince.toISOString(),
        }));
        return { status: 200, body: { items } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/organisations',
      summary: 'Found another organisation',
      description: 'You become its owner. Open a session in it by `POST /v1/organisations/{id}/sessions`.',
      tag: 'Organisation',
      access: 'account:write',
      rate: 'write',
      body: z.strictObject({ name: organisationName }),
      responses: { 201: { description: 'Founded.', body: organisationView } },
      failures: ['identity.session_required'],
      idempotency: { domain: 'identity', mode: 'transaction' },
      handler: async (request, transaction) => {
        const { userId } = requireSession(request.principal);
        const founding = { name: request.body.name, ownerId: userId };
        const organisation = await foundOrganisation(transaction, founding, originOf(request));
        return { status: 201, body: presentOrganisation(organisation) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/organisations/:id/membership',
      summary: 'Leave an organisation',
      tag: 'Organisation',
      access: 'account:write',
      rate: 'write',
      params: idParams,
      responses: { 204: { description: 'You are no member any more.' } },
      failures: ['identity.session_required', 'identity.organisation_not_found', 'identity.last_owner'],
      handler: async (request) => {
        const { userId } = requireSession(request.principal);
        await database.transaction('identity', async (transaction) => {
          const mine = await organisationsOf(transaction, userId);
          if (!mine.some(({ id }) => id === request.params.id)) {
            throw new Failure('identity.organisation_not_found', 'You belong to no such organisation.');
          }
          await removeMember(transaction, request.params.id, userId, originOf(request));
        });
        return { status: 204 };
      },
    }),
  ];
}

function presentOrganisation(organisation: Organisation) {
  return {
    id: organisation.id,
    name: organisation.name,
    plan: organisation.plan,
    created_at: organisation.createdAt.toISOString(),
    updated_at: organisation.updatedAt.toISOString(),
  };
}
