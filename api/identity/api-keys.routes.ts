import { z } from 'zod';
import type { ApiKey } from '../../db/identity/api-key.entity.ts';
import { ApiKeyRepository } from '../../db/identity/api-keys.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { apiKeyHint, hashApiKey, newApiKey } from '../../domain/identity/api-key.ts';
import { managesKeysOfOthers } from '../../domain/identity/roles.ts';
import type { Scope } from '../../domain/identity/scopes.ts';
import { idPosition, pageOf, pageQuery } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import { originOf } from './events.ts';
import type { IdentityParts } from './parts.ts';
import { idParams, moment, scope } from './schemas.ts';

const keyFields = {
  id: z.uuid(),
  name: z.string(),
  hint: z.string().meta({ description: 'How the key begins.', example: 'pk_x3Fa…' }),
  scopes: z.array(scope),
  user_id: z.uuid(),
  created_at: moment,
  expires_at: moment.nullable(),
  last_used_at: moment.nullable().meta({ description: 'To the minute.' }),
};
const keyView = z.object(keyFields).meta({ id: 'ApiKey' });
const newKeyView = z
  .object({
    ...keyFields,
    key: z.string().meta({ description: 'The key itself, shown this once and stored as a hash only.' }),
  })
  .meta({ id: 'NewApiKey' });

/**
 * API keys. A key acts for the user who made it, in one organisation, with the scopes it was given as long as the user's
 * role still grants them.
 */
export function createApiKeyRoutes({ database, pages }: IdentityParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/api-keys',
      summary: 'Make an API key',
      description:
        'The answer alone shows the key: send an `Idempotency-Key`, so that it can be asked for again should it be lost. ' +
        'Needs a session: a key makes no keys.',
      tag: 'API keys',
      access: 'keys:write',
      session: true,
      rate: 'write',
      idempotency: { domain: 'identity', mode: 'transaction', showsSecret: true },
      body: z.strictObject({
        name: z.string().trim().min(1).max(80).meta({ example: 'nightly import' }),
        scopes: z
          .array(scope)
          .min(1)
          .max(50)
          .optional()
          .meta({
            description: 'Without it, all that your role grants.',
            example: ['search:run', 'search:read'],
          }),
        expires_at: z.iso.datetime().optional().meta({
          description: 'Without it the key is good until it is revoked.',
          example: '2036-11-21T00:00:00Z',
        }),
      }),
      responses: { 201: { description: 'The key.', body: newKeyView } },
      failures: ['identity.session_required', 'identity.scope_not_allowed'],
      handler: async (request, transaction) => {
        const { body, principal } = request;
        const expiresAt = body.expires_at === undefined ? null : new Date(body.expires_at);
        if (expiresAt && expiresAt.getTime() <= Date.now()) {
          throw new Failure('request.invalid', 'The body is not valid.', {
            issues: [{ pointer: '/body/expires_at', message: 'It lies in the past.' }],
          });
        }
        const scopes = grantedScopes(principal, body.scopes);
        const key = newApiKey();
        const made = await new ApiKeyRepository(transaction, principal.tenantId).add({
          userId: principal.userId,
          name: body.name,
          hint: apiKeyHint(key),
          secretHash: hashApiKey(key),
          scopes,
          expiresAt,
        });
        await transaction.publish({
          type: 'identity.api_key_created',
          tenantId: principal.tenantId,
          subject: `api-key:${made.id}`,
          data: { api_key_id: made.id, scopes },
          ...originOf(request),
        });
        return { status: 201, body: { ...presentKey(made), key } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/api-keys',
      summary: 'List the API keys',
      description: 'Your own; owners and admins see those of all members.',
      tag: 'API keys',
      access: 'keys:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'Newest first.', body: pageOf(keyView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal, query }) => {
        const filter = visibleTo(principal);
        const body = await pages.read({
          list: `api-keys:${filter.userId ?? 'all'}`,
          tenantId: principal.tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('identity', (unit) =>
              new ApiKeyRepository(unit, principal.tenantId).list(filter, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentKey,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/api-keys/:id',
      summary: 'One API key',
      tag: 'API keys',
      access: 'keys:read',
      rate: 'read',
      params: idParams,
      responses: { 200: { description: 'What is known of it.', body: keyView } },
      failures: ['identity.api_key_not_found'],
      handler: async ({ principal, params }) => {
        const key = await database.read('identity', (unit) =>
          new ApiKeyRepository(unit, principal.tenantId).get(params.id, visibleTo(principal)),
        );
        return { status: 200, body: presentKey(key) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/api-keys/:id',
      summary: 'Revoke an API key',
      description: 'Within five seconds no process takes it any more.',
      tag: 'API keys',
      access: 'keys:write',
      rate: 'write',
      params: idParams,
      responses: { 204: { description: 'Revoked.' } },
      failures: ['identity.api_key_not_found'],
      handler: async (request) => {
        const { principal, params } = request;
        await database.transaction('identity', async (transaction) => {
          const keys = new ApiKeyRepository(transaction, principal.tenantId);
          const key = await keys.get(params.id, visibleTo(principal));
          key.revokedAt = new Date();
          await transaction.publish({
            type: 'identity.api_key_revoked',
            tenantId: principal.tenantId,
            subject: `api-key:${key.id}`,
            data: { api_key_id: key.id },
            ...originOf(request),
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

function grantedScopes(principal: Principal, wanted: Scope[] | undefined): Scope[] {
  const scopes = [...new Set(wanted ?? principal.scopes)];
  const refused = scopes.filter((one) => !principal.scopes.has(one));
  if (refused.length > 0) {
    throw new Failure('identity.scope_not_allowed', `Your role does not grant ${refused.join(', ')}.`);
  }
  return scopes;
}

function visibleTo(principal: Principal): { userId: string | null } {
  return { userId: managesKeysOfOthers(principal.role) ? null : principal.userId };
}

function presentKey(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    scopes: key.scopes,
    user_id: key.userId,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}
