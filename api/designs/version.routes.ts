import { z } from 'zod';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { askerOf } from './asker.ts';
import { DesignCommands } from './design.commands.ts';
import { presentDesign, presentVersion, presentVersionSummary } from './design.presenter.ts';
import { designShape, idParams, versionParams, versionShape, versionSummary } from './design.schemas.ts';

const tag = 'Designs';
const reading = { tag, access: 'designs:read', rate: 'read' } as const;

/** Every document that a design has had. */
export function createVersionRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/versions',
      summary: 'The versions of a design, newest first',
      params: idParams,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of versions.', body: pageOf(versionSummary) } },
      failures: ['designs.design_not_found', 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal, query }) => {
        const { tenantId } = principal;
        const body = await pages.read({
          list: `designs/${id}/versions`,
          tenantId,
          query,
          position: z.object({ number: z.int() }),
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new VersionRepository(sql, tenantId, askerOf(principal)).list(id, limit, after?.number ?? null),
            ),
          positionOf: ({ number }) => ({ number }),
          present: presentVersionSummary,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/versions/:number',
      summary: 'A version of a design, as it was saved',
      description:
        'One that was ordered is there for everybody in the organisation, also when its design is deleted.',
      params: versionParams,
      responses: { 200: { description: 'The version. It never changes.', body: versionShape } },
      failures: ['designs.design_not_found', 'designs.version_not_found'],
      handler: async ({ params: { id, number }, principal }) => {
        const { tenantId } = principal;
        const version = await database.read('designs', ({ sql }) =>
          new VersionRepository(sql, tenantId, askerOf(principal)).get(id, number),
        );
        return { status: 200, body: presentVersion(version) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/designs/:id/versions/:number/restore',
      summary: 'Bring an old version back',
      description: 'Its document becomes the newest version; nothing that came after it is lost.',
      tag,
      access: 'designs:write',
      rate: 'write',
      params: versionParams,
      ifMatch: true,
      idempotency: { domain: 'designs', mode: 'transaction' },
      responses: {
        200: {
          description: 'The design as it now is.',
          body: designShape,
          headers: { ETag: 'Of what people can change.' },
        },
      },
      failures: [
        'designs.design_not_found',
        'designs.version_not_found',
        'designs.access_denied',
        'request.precondition_failed',
      ],
      handler: async (request, transaction) => {
        const { params, ctx } = request;
        const { design, document } = await new DesignCommands(transaction, request).restore(
          params.id,
          params.number,
          (revision) => requireMatch(ctx, revision),
        );
        const headers = { ETag: etagOf(design.revision) };
        return { status: 200, headers, body: presentDesign(design, document) };
      },
    }),
  ];
}
