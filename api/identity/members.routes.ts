import { z } from 'zod';
import { removeMember } from '../../db/identity/departure.ts';
import { MemberRepository, type Member } from '../../db/identity/members.repository.ts';
import { OrganisationRepository } from '../../db/identity/organisations.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { mayGrant, type Role } from '../../domain/identity/roles.ts';
import { pageOf, pageQuery } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import { originOf } from './events.ts';
import type { IdentityParts } from './parts.ts';
import { grantableRole, idParams, moment, role } from './schemas.ts';

const memberView = z
  .object({
    user_id: z.uuid(),
    name: z.string(),
    email: z.email(),
    role,
    member_since: moment,
  })
  .meta({ id: 'Member' });

const memberPosition = z.object({ id: z.uuid() });

/** The people of an organisation and their roles. Only owners deal with owners, and one owner always stays. */
export function createMemberRoutes({ database, pages }: IdentityParts): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/members',
      summary: 'List the members',
      tag: 'Members',
      access: 'members:read',
      rate: 'read',
      query: z.strictObject({ ...pageQuery, role: role.optional() }),
      responses: { 200: { description: 'A page of them.', body: pageOf(memberView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'members',
          tenantId,
          query,
          position: memberPosition,
          read: (limit, after) =>
            database.read('identity', (unit) =>
              new MemberRepository(unit, tenantId).list({ role: query.role }, limit, after?.id ?? null),
            ),
          positionOf: ({ userId }) => ({ id: userId }),
          present: presentMember,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/members/:id',
      summary: 'One member',
      tag: 'Members',
      access: 'members:read',
      rate: 'read',
      params: idParams,
      responses: { 200: { description: 'The member.', body: memberView } },
      failures: ['identity.member_not_found'],
      handler: async ({ principal, params }) => {
        const member = await database.read('identity', (unit) =>
          new MemberRepository(unit, principal.tenantId).get(params.id),
        );
        return { status: 200, body: presentMember(member) };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/members/:id',
      summary: 'Change a member’s role',
      description: 'In force within five seconds, for open sessions and keys too.',
      tag: 'Members',
      access: 'members:write',
      rate: 'write',
      params: idParams,
      body: z.strictObject({ role: grantableRole }),
      responses: { 200: { description: 'Changed.', body: memberView } },
      failures: ['identity.member_not_found', 'identity.role_not_allowed', 'identity.last_owner'],
      handler: async (request) => {
        const { tenantId } = request.principal;
        const { role: wanted } = request.body;
        return await database.transaction('identity', async (transaction) => {
          await new OrganisationRepository(transaction, tenantId).lock();
          const members = new MemberRepository(transaction, tenantId);
          const member = await members.get(request.params.id);
          requireGrantable(request.principal, member.role, wanted);
          if (member.role === 'owner' && wanted !== 'owner') await members.requireOtherOwner(member.userId);
          await members.setRole(member.userId, wanted);
          await transaction.publish({
            type: 'identity.member_role_changed',
            tenantId,
            subject: `organisation:${tenantId}`,
            data: { user_id: member.userId, from: member.role, to: wanted },
            ...originOf(request),
          });
          return { status: 200, body: presentMember({ ...member, role: wanted }) };
        });
      },
    }),
    route({
      method: 'delete',
      path: '/v1/members/:id',
      summary: 'Remove a member',
      description: 'The account stays; its sessions and keys in this organisation end.',
      tag: 'Members',
      access: 'members:write',
      rate: 'write',
      params: idParams,
      responses: { 204: { description: 'Removed.' } },
      failures: ['identity.member_not_found', 'identity.role_not_allowed', 'identity.last_owner'],
      handler: async (request) => {
        const { tenantId } = request.principal;
        await database.transaction('identity', async (transaction) => {
          // Or somebody who is made an owner at this moment is removed by an admin.
          await new OrganisationRepository(transaction, tenantId).lock();
          const member = await new MemberRepository(transaction, tenantId).get(request.params.id);
          requireGrantable(request.principal, member.role);
          await removeMember(transaction, tenantId, member.userId, originOf(request));
        });
        return { status: 204 };
      },
    }),
  ];
}

/** Refuses to deal with a role that is above the caller's. */
export function requireGrantable(principal: Principal, ...concerned: Role[]): void {
  if (concerned.every((one) => mayGrant(principal.role, one))) return;
  throw new Failure('identity.role_not_allowed', 'Your own role does not allow to give or take this one.');
}

function presentMember(member: Member) {
  return {
    user_id: member.userId,
    name: member.name,
    email: member.email,
    role: member.role,
    member_since: member.memberSince.toISOString(),
  };
}
