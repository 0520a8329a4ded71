import { z } from 'zod';
import type { Session } from '../../db/identity/session.entity.ts';
import { SessionRepository } from '../../db/identity/sessions.repository.ts';
import { idPosition, pageOf, pageQuery } from '../page.ts';
import { route, type Route } from '../route.ts';
import { originOf, publishOfUser } from './events.ts';
import { requireSession } from './principals.ts';
import type { IdentityParts } from './parts.ts';
import { idParams, sessionView } from './schemas.ts';

/** The caller's own sessions. Within five seconds after its end no process takes a session's tokens any more. */
export function createSessionRoutes({ database, pages }: IdentityParts): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/sessions',
      summary: 'List your sessions',
      description: 'Those that are alive, in all your organisations, newest first.',
      tag: 'Sessions',
      access: 'account:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of them.', body: pageOf(sessionView) } },
      failures: ['identity.session_required', 'request.cursor_invalid'],
      handler: async ({ principal, query }) => {
        const { userId, tenantId, sessionId } = requireSession(principal);
        const body = await pages.read({
          list: `sessions:${userId}`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('identity', (unit) =>
              new SessionRepository(unit, userId).list(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: (session) => presentSession(session, sessionId),
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/sessions',
      summary: 'Log out everywhere',
      tag: 'Sessions',
      access: 'account:write',
      rate: 'write',
      query: z.strictObject({
        except_current: z.stringbool().default(false).meta({ description: 'Keeps the session that asks.' }),
      }),
      responses: {
        200: { description: 'How many sessions have ended.', body: z.object({ ended: z.int() }) },
      },
      failures: ['identity.session_required'],
      handler: async (request) => {
        const { userId, sessionId } = requireSession(request.principal);
        const ended = await database.transaction('identity', async (transaction) => {
          const except = request.query.except_current ? sessionId : null;
          const reason = 'logged_out_everywhere';
          const count = await new SessionRepository(transaction, userId).endAll(reason, except);
          await publishOfUser(transaction, userId, {
            type: 'identity.session_ended',
            data: { reason, count },
            ...originOf(request),
          });
          return count;
        });
        return { status: 200, body: { ended } };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/sessions/current',
      summary: 'Log out',
      tag: 'Sessions',
      access: 'account:write',
      rate: 'write',
      responses: { 204: { description: 'Logged out.' } },
      failures: ['identity.session_required', 'identity.session_not_found'],
      handler: async (request) => {
        const { userId, tenantId, sessionId } = requireSession(request.principal);
        await database.transaction('identity', async (transaction) => {
          await new SessionRepository(transaction, userId).end(sessionId, 'logged_out');
          await transaction.publish({
            type: 'identity.session_ended',
            tenantId,
            subject: `user:${userId}`,
            data: { session_id: sessionId, reason: 'logged_out' },
            ...originOf(request),
          });
        });
        return { status: 204 };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/sessions/:id',
      summary: 'End one of your sessions',
      tag: 'Sessions',
      access: 'account:write',
      rate: 'write',
      params: idParams,
      responses: { 204: { description: 'It has ended.' } },
      failures: ['identity.session_required', 'identity.session_not_found'],
      handler: async (request) => {
        const { userId, tenantId } = requireSession(request.principal);
        await database.transaction('identity', async (transaction) => {
          await new SessionRepository(transaction, userId).end(request.params.id, 'revoked');
          await transaction.publish({
            type: 'identity.session_ended',
            tenantId,
            subject: `user:${userId}`,
            data: { session_id: request.params.id, reason: 'revoked' },
            ...originOf(request),
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

function presentSession(session: Session, currentId: string) {
  return {
    id: session.id,
    organisation_id: session.tenantId,
    current: session.id === currentId,
    created_at: session.createdAt.toISOString(),
    last_used_at: session.lastUsedAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    address: session.address,
    user_agent: session.userAgent,
  };
}
