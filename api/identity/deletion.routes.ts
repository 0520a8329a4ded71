import { z } from 'zod';
import { v7 as uuidv7 } from 'uuid';
import { endAllAccess, requireDispensable } from '../../db/identity/erasure.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import { route, type Route } from '../route.ts';
import { homeTenantOf, originOf } from './events.ts';
import { proveOwnPassword } from './password-proof.ts';
import { requireSession } from './principals.ts';
import type { IdentityParts } from './parts.ts';
import { givenPassword, moment } from './schemas.ts';

const deletionView = z.object({ due_at: moment }).meta({ id: 'AccountDeletion' });

const path = '/v1/users/me/deletion';

/** The end of an account: asked for, still to be taken back for a while, then carried out by a workflow. */
export function createDeletionRoutes({ database }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path,
      summary: 'Delete your account',
      description:
        'Ends all your sessions and API keys at once, and erases what is personal after fourteen days. Until then, log ' +
        'in and take it back if you change your mind. Asking again changes nothing.',
      tag: 'Account',
      access: 'account:write',
      rate: 'login',
      body: z.strictObject({ password: givenPassword }),
      responses: {
        202: {
          description: 'It will be erased.',
          body: deletionView,
          headers: { Location: 'Where to read of it, and take it back.' },
        },
      },
      failures: [
        'identity.session_required',
        'identity.password_wrong',
        'identity.login_slowed',
        'identity.last_owner',
      ],
      handler: async (request) => {
        const { userId } = requireSession(request.principal);
        await proveOwnPassword(database, userId, request.body.password, request.address);
        const dueAt = await database.transaction('identity', async (transaction) => {
          const user = await new UserRepository(transaction).lock(userId);
          if (user.deletionDueAt) return user.deletionDueAt;
          await requireDispensable(transaction, userId);
          const deletionId = uuidv7();
          const due = new Date(Date.now() + lifetimes.deletionGrace * 1_000);
          user.deletionId = deletionId;
          user.deletionDueAt = due;
          user.version += 1;
          await transaction.em.flush();
          await endAllAccess(transaction, userId);
          const event = {
            tenantId: await homeTenantOf(transaction, userId),
            subject: `user:${userId}`,
            ...originOf(request),
          };
          const data = { user_id: userId, deletion_id: deletionId, due_at: due.toISOString() };
          await transaction.publish(
            { ...event, type: 'identity.user_deletion_requested', data },
            {
              ...event,
              type: 'identity.security_notice',
              data: { user_id: userId, notice: 'deletion_requested' },
            },
          );
          return due;
        });
        return { status: 202, headers: { Location: path }, body: { due_at: dueAt.toISOString() } };
      },
    }),
    route({
      method: 'get',
      path,
      summary: 'Will your account be erased',
      tag: 'Account',
      access: 'account:read',
      rate: 'read',
      responses: { 200: { description: 'It will.', body: deletionView } },
      failures: ['identity.deletion_not_requested'],
      handler: async ({ principal }) => {
        const user = await database.read('identity', (unit) =>
          new UserRepository(unit).get(principal.userId),
        );
        if (!user.deletionDueAt) throw notRequested();
        return { status: 200, body: { due_at: user.deletionDueAt.toISOString() } };
      },
    }),
    route({
      method: 'delete',
      path,
      summary: 'Keep your account after all',
      tag: 'Account',
      access: 'account:write',
      rate: 'write',
      responses: { 204: { description: 'It stays.' } },
      failures: ['identity.session_required', 'identity.deletion_not_requested'],
      handler: async (request) => {
        const { userId } = requireSession(request.principal);
        await database.transaction('identity', async (transaction) => {
          const user = await new UserRepository(transaction).lock(userId);
          if (!user.deletionId) throw notRequested();
          const deletionId = user.deletionId;
          user.deletionId = null;
          user.deletionDueAt = null;
          user.version += 1;
          await transaction.publish({
            type: 'identity.user_deletion_taken_back',
            tenantId: await homeTenantOf(transaction, userId),
            subject: `user:${userId}`,
            data: { user_id: userId, deletion_id: deletionId },
            ...originOf(request),
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

function notRequested(): Failure {
  return new Failure('identity.deletion_not_requested', 'Nobody has asked to delete this account.');
}
