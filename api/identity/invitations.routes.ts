import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import type { Invitation } from '../../db/identity/invitation.entity.ts';
import { InvitationRepository } from '../../db/identity/invitations.repository.ts';
import { MemberRepository } from '../../db/identity/members.repository.ts';
import { OrganisationRepository } from '../../db/identity/organisations.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { accountEmail } from '../../domain/identity/email.ts';
import { idPosition, pageOf, pageQuery } from '../page.ts';
import { route, type Route } from '../route.ts';
import { originOf } from './events.ts';
import { requireGrantable } from './members.routes.ts';
import type { IdentityParts } from './parts.ts';
import { grantableRole, idParams, moment } from './schemas.ts';

const invitationView = z
  .object({
    id: z.uuid(),
    email: z.email(),
    role: grantableRole,
    invited_by: z.uuid(),
    created_at: moment,
    expires_at: moment,
  })
  .meta({ id: 'Invitation' });

/** Offers to join an organisation, each good for whoever reads the mail at its address. */
export function createInvitationRoutes({ database, pages }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/invitations',
      summary: 'Invite somebody',
      tag: 'Members',
      access: 'members:write',
      rate: 'write',
      body: z.strictObject({ email: emailInput, role: grantableRole }),
      responses: { 201: { description: 'A mail is on its way.', body: invitationView } },
      failures: ['identity.role_not_allowed', 'identity.already_member', 'identity.already_invited'],
      idempotency: { domain: 'identity', mode: 'transaction' },
      handler: async (request, transaction) => {
        const { tenantId, userId } = request.principal;
        const email = accountEmail(request.body.email);
        requireGrantable(request.principal, request.body.role);
        await new OrganisationRepository(transaction, tenantId).lock();
        if (await new MemberRepository(transaction, tenantId).hasEmail(email)) {
          throw new Failure('identity.already_member', 'This person is a member already.');
        }
        const invitations = new InvitationRepository(transaction, tenantId);
        if (await invitations.hasOpen(email)) {
          throw new Failure(
            'identity.already_invited',
            'This address is invited already. Revoke that first.',
          );
        }
        const invitation = await invitations.add({ email, role: request.body.role, invitedBy: userId });
        await transaction.publish({
          type: 'identity.invitation_created',
          tenantId,
          subject: `invitation:${invitation.id}`,
          data: { invitation_id: invitation.id, role: invitation.role },
          ...originOf(request),
        });
        return { status: 201, body: presentInvitation(invitation) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/invitations',
      summary: 'List the open invitations',
      tag: 'Members',
      access: 'members:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'Newest first.', body: pageOf(invitationView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'invitations',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('identity', (unit) =>
              new InvitationRepository(unit, tenantId).list(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentInvitation,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/invitations/:id',
      summary: 'Revoke an invitation',
      tag: 'Members',
      access: 'members:write',
      rate: 'write',
      params: idParams,
      responses: { 204: { description: 'Its link is useless now.' } },
      failures: ['identity.invitation_not_found', 'identity.role_not_allowed'],
      handler: async (request) => {
        const { tenantId } = request.principal;
        await database.transaction('identity', async (transaction) => {
          const invitation = await new InvitationRepository(transaction, tenantId).get(request.params.id);
          requireGrantable(request.principal, invitation.role);
          invitation.revokedAt = new Date();
          await transaction.publish({
            type: 'identity.invitation_revoked',
            tenantId,
            subject: `invitation:${invitation.id}`,
            data: { invitation_id: invitation.id },
            ...originOf(request),
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

function presentInvitation(invitation: Invitation) {
  return {
    id: invitation.id,
    email: invitation.email,
    role: invitation.role,
    invited_by: invitation.invitedBy,
    created_at: invitation.createdAt.toISOString(),
    expires_at: invitation.expiresAt.toISOString(),
  };
}
