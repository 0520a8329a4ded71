import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { runCommand } from '../../db/commands/command.ts';
import type { Transaction, UnitOfWork } from '../../db/database.ts';
import type { Design } from '../../db/designs/design.ts';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import { LinkRepository } from '../../db/designs/link.repository.ts';
import { ShareRepository } from '../../db/designs/share.repository.ts';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import { MemberRepository } from '../../db/identity/members.repository.ts';
import { readDatabaseNow } from '../../db/now.ts';
import { requireAccess } from '../../domain/designs/access.ts';
import { newLinkToken } from '../../domain/designs/link-token.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { askerOf } from './asker.ts';
import { DesignCommands, type Actor } from './design.commands.ts';
import { idParams } from './design.schemas.ts';
import {
  linkShape,
  linkWithToken,
  newLink,
  presentLink,
  presentShare,
  shareInput,
  shareShape,
} from './sharing.schemas.ts';

const tag = 'Sharing of designs';
const idempotency = { domain: 'designs', mode: 'transaction' } as const;
const command = { tag, access: 'designs:write', rate: 'write' } as const;
const reading = { tag, access: 'designs:read', rate: 'read' } as const;
const linkParams = z.object({ id: z.uuid(), link_id: z.uuid() });
const personParams = z.object({ id: z.uuid(), user_id: z.uuid() });
const refused = ['designs.design_not_found', 'designs.access_denied'] as const;

/** Who else sees a design: people of the organisation by name, and anybody by a link. Its owner says so. */
export function createSharingRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const requireOwn = async ({ sql }: UnitOfWork, principal: Principal, id: string): Promise<void> => {
    const design = await new DesignRepository(sql, principal.tenantId, askerOf(principal)).get(id);
    requireAccess(design.access, 'own');
  };
  const lockOwn = async ({ sql }: Transaction, { principal }: Actor, id: string): Promise<Design> => {
    const design = await new DesignRepository(sql, principal.tenantId, askerOf(principal)).lock(id);
    requireAccess(design.access, 'own');
    return design;
  };
  return [
    route({
      ...command,
      method: 'post',
      path: '/v1/designs/:id/links',
      summary: 'Share a design by a link',
      description:
        'Whoever has the link sees the design without an account until it expires or is revoked. The answer alone shows the token: ' +
        'send an `Idempotency-Key`, so that it can be asked for again should it be lost.',
      params: idParams,
      body: newLink,
      idempotency: { ...idempotency, showsSecret: true },
      responses: { 201: { description: 'The link, with its token.', body: linkWithToken } },
      failures: [...refused, 'designs.version_not_found', 'designs.too_many_links'],
      handler: async (request, transaction) => {
        const { params, body, principal } = request;
        const { tenantId, userId } = principal;
        const { sql } = transaction;
        const token = newLinkToken();
        const design = await lockOwn(transaction, request, params.id);
        if (body.version !== undefined)
          await new VersionRepository(sql, tenantId, askerOf(principal)).get(design.id, body.version);
        const now = await readDatabaseNow(sql);
        const link = await new LinkRepository(sql, tenantId).insert(
          {
            id: uuidv7(),
            designId: design.id,
            version: body.version ?? null,
            mayCopy: body.may_copy,
            expiresAt: new Date(now.getTime() + body.expires_in_hours * 3_600_000),
            createdBy: userId,
          },
          token,
        );
        await new DesignCommands(transaction, request).tell(design, 'design.shared', {
          by: 'link',
          link_id: link.id,
          expires_at: link.expiresAt.toISOString(),
        });
        const url = `${config.PUBLIC_URL}/v1/shared-designs/${token}`;
        return { status: 201, body: { ...presentLink(link, now), token, url } };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/links',
      summary: 'The links to a design, newest first',
      params: idParams,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of links, without their tokens.', body: pageOf(linkShape) } },
      failures: [...refused, 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal, query }) => {
        const { tenantId } = principal;
        const now = await database.read('designs', async (unit) => {
          await requireOwn(unit, principal, id);
          return await readDatabaseNow(unit.sql);
        });
        const body = await pages.read({
          list: `designs/${id}/links`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new LinkRepository(sql, tenantId).list(id, limit, after?.id ?? null),
            ),
          positionOf: (link) => ({ id: link.id }),
          present: (link) => presentLink(link, now),
        });
        return { status: 200, body };
      },
    }),
    route({
      ...command,
      method: 'delete',
      path: '/v1/designs/:id/links/:link_id',
      summary: 'Revoke a link',
      description: 'It leads nowhere at once.',
      params: linkParams,
      idempotency,
      responses: { 204: { description: 'It is over.' } },
      failures: [...refused, 'designs.link_not_found'],
      handler: async (request, transaction) => {
        const { params, principal } = request;
        const design = await lockOwn(transaction, request, params.id);
        const links = new LinkRepository(transaction.sql, principal.tenantId);
        if (await links.revoke(design.id, params.link_id))
          await new DesignCommands(transaction, request).tell(design, 'design.unshared', {
            by: 'link',
            link_id: params.link_id,
          });
        return { status: 204 };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/shares',
      summary: 'The people whom a design is shared with',
      params: idParams,
      responses: {
        200: { description: 'All of them.', body: z.object({ items: z.array(shareShape) }) },
      },
      failures: refused,
      handler: async ({ params: { id }, principal }) => {
        const items = await database.read('designs', async (unit) => {
          await requireOwn(unit, principal, id);
          return await new ShareRepository(unit.sql, principal.tenantId).list(id);
        });
        return { status: 200, body: { items: items.map(presentShare) } };
      },
    }),
    route({
      ...command,
      method: 'put',
      path: '/v1/designs/:id/shares/:user_id',
      summary: 'Share a design with a person of the organisation',
      description: 'To see it, or to change it too. A role that may not change designs still can’t.',
      params: personParams,
      body: shareInput,
      idempotency: { ...idempotency, mode: 'handler' },
      responses: { 200: { description: 'The share.', body: shareShape } },
      failures: [...refused, 'identity.member_not_found', 'designs.too_many_shares'],
      handler: async (request) => {
        const { ctx, params, body, principal } = request;
        const { tenantId } = principal;
        // Before the transaction, which must not hold a connection while it waits for another one.
        const [member] = await Promise.allSettled([
          database.read('identity', (unit) => new MemberRepository(unit, tenantId).get(params.user_id)),
        ]);
        const { answer, replayed } = await runCommand(
          database,
          'designs',
          request.commandKey(),
          async (transaction) => {
            const design = await lockOwn(transaction, request, params.id);
            if (member.status === 'rejected') throw member.reason;
            const { share, changed } = await new ShareRepository(transaction.sql, tenantId).put(design.id, {
              userId: params.user_id,
              access: body.access,
              createdBy: principal.userId,
            });
            if (changed)
              await new DesignCommands(transaction, request).tell(design, 'design.shared', {
                by: 'person',
                user_id: share.userId,
                access: share.access,
              });
            return { status: 200, body: presentShare(share) };
          },
        );
        if (replayed) ctx.set('Idempotency-Replayed', 'true');
        return answer;
      },
    }),
    route({
      ...command,
      method: 'delete',
      path: '/v1/designs/:id/shares/:user_id',
      summary: 'Take a design back from a person',
      params: personParams,
      idempotency,
      responses: { 204: { description: 'It is not shared with this person any more.' } },
      failures: [...refused, 'designs.share_not_found'],
      handler: async (request, transaction) => {
        const { params, principal } = request;
        const design = await lockOwn(transaction, request, params.id);
        await new ShareRepository(transaction.sql, principal.tenantId).delete(design.id, params.user_id);
        await new DesignCommands(transaction, request).tell(design, 'design.unshared', {
          by: 'person',
          user_id: params.user_id,
        });
        return { status: 204 };
      },
    }),
  ];
}
