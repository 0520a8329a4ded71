import { z } from 'zod';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import { documentSchema } from '../../domain/designs/document.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { idPosition, momentFilter, pageOf, pageQuery, Pages, requireOrder } from '../page.ts';
import { route, type Reply, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { askerOf } from './asker.ts';
import { DesignCommands, type OpenDesign } from './design.commands.ts';
import { designAddress, presentDesign, presentSummary } from './design.presenter.ts';
import {
  designChange,
  designShape,
  designSummary,
  duplication,
  idParams,
  newDesign,
} from './design.schemas.ts';

const tag = 'Designs';
const idempotency = { domain: 'designs', mode: 'transaction' } as const;
const writing = { tag, access: 'designs:write', rate: 'write', idempotency } as const;
const reading = { tag, access: 'designs:read', rate: 'read' } as const;
const etag = { ETag: 'Of what people can change.' };
const yesOrNo = z
  .enum(['true', 'false'])
  .optional()
  .transform((word) => (word === undefined ? undefined : word === 'true'));

/** Saved designs: a document each, with all its versions. */
export function createDesignRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      ...writing,
      method: 'post',
      path: '/v1/designs',
      summary: 'Save a new design',
      description: 'Of a document of your own, or of a preset.',
      body: newDesign,
      responses: {
        201: {
          description: 'The design.',
          body: designShape,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: ['designs.document_invalid', 'designs.document_too_large', 'designs.preset_not_found'],
      handler: async (request, transaction) => {
        const { name, tags, document, preset_id: presetId } = request.body;
        const commands = new DesignCommands(transaction, request);
        return created(
          document
            ? await commands.create({ name: name ?? '', tags, document }, null)
            : await commands.createFromPreset(presetId ?? '', { name, tags }),
        );
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs',
      summary: 'The designs that you may see, newest first',
      description:
        'Your own and those shared with you; owners and admins of the organisation see all of its designs.',
      query: z.strictObject({
        ...pageQuery,
        name: z.string().max(200).optional().meta({ description: 'A part of the name.' }),
        tag: z.string().max(50).optional(),
        product_sku: z.string().max(100).optional(),
        created_by: z.uuid().optional(),
        ordered: yesOrNo.meta({ description: 'Whether an order names a version of it.' }),
        shared: yesOrNo.meta({ description: 'Whether somebody else has shared it with you.' }),
        from: momentFilter,
        to: momentFilter,
      }),
      responses: { 200: { description: 'A page of designs.', body: pageOf(designSummary) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal, query }) => {
        const { tenantId, userId } = principal;
        requireOrder(query.from, query.to);
        const { name, tag: label, product_sku: productSku, created_by: createdBy } = query;
        const { ordered, shared, from, to } = query;
        const filter = { name, tag: label, productSku, createdBy, ordered, shared, from, to };
        const body = await pages.read({
          list: `designs of ${userId}`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new DesignRepository(sql, tenantId, askerOf(principal)).list(filter, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentSummary,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/design-schema',
      summary: 'The JSON Schema of documents',
      description: 'Draft 2020-12, with every limit. It is the same for every organisation.',
      responses: {
        200: { description: 'The schema.', body: z.looseObject({}) },
      },
      handler: () => Promise.resolve({ status: 200, body: publishedSchema }),
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id',
      summary: 'A design with its newest document',
      params: idParams,
      responses: { 200: { description: 'The design.', body: designShape, headers: etag } },
      failures: ['designs.design_not_found'],
      handler: async ({ params: { id }, principal }) => {
        const { tenantId } = principal;
        const open = await database.read('designs', async ({ sql }) => {
          const asker = askerOf(principal);
          const design = await new DesignRepository(sql, tenantId, asker).get(id);
          const { document } = await new VersionRepository(sql, tenantId, asker).get(id, design.version);
          return { design, document };
        });
        return answer(open);
      },
    }),
    route({
      ...writing,
      method: 'patch',
      path: '/v1/designs/:id',
      summary: 'Change a design',
      description:
        'Another document makes a new version; every older one stays as it was. With `If-Match`, of two people who save at ' +
        'once the second is told.',
      params: idParams,
      body: designChange,
      ifMatch: true,
      responses: { 200: { description: 'The design as it now is.', body: designShape, headers: etag } },
      failures: [
        'designs.design_not_found',
        'designs.access_denied',
        'designs.document_invalid',
        'designs.document_too_large',
        'request.precondition_failed',
      ],
      handler: async (request, transaction) => {
        const { params, body, ctx } = request;
        const { name, tags, document } = body;
        const change = {
          ...(name === undefined ? {} : { name }),
          ...(tags === undefined ? {} : { tags }),
          ...(document === undefined ? {} : { document }),
        };
        return answer(
          await new DesignCommands(transaction, request).change(params.id, change, (revision) =>
            requireMatch(ctx, revision),
          ),
        );
      },
    }),
    route({
      ...writing,
      method: 'delete',
      path: '/v1/designs/:id',
      summary: 'Delete a design',
      description:
        'Its links lead nowhere at once. Versions that were ordered stay readable; the others are swept a month later.',
      params: idParams,
      ifMatch: true,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['designs.design_not_found', 'designs.access_denied', 'request.precondition_failed'],
      handler: async (request, transaction) => {
        await new DesignCommands(transaction, request).delete(request.params.id, (revision) =>
          requireMatch(request.ctx, revision),
        );
        return { status: 204 };
      },
    }),
    route({
      ...writing,
      method: 'post',
      path: '/v1/designs/:id/duplicate',
      summary: 'Copy a design',
      description: 'Your own, or one that is shared with you. The copy is yours, and begins with version 1.',
      params: idParams,
      body: duplication,
      responses: {
        201: {
          description: 'The copy.',
          body: designShape,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: ['designs.design_not_found', 'designs.version_not_found', 'designs.document_invalid'],
      handler: async (request, transaction) =>
        created(await new DesignCommands(transaction, request).duplicate(request.params.id, request.body)),
    }),
  ];
}

/** What people send: members with a default may be left out. */
const publishedSchema = {
  ...z.toJSONSchema(documentSchema, { io: 'input', target: 'draft-2020-12', reused: 'ref' }),
  title: 'Design document',
};

export function answer({ design, document }: OpenDesign): Reply {
  return {
    status: 200,
    headers: { ETag: etagOf(design.revision) },
    body: presentDesign(design, document),
  };
}

export function created(open: OpenDesign): Reply {
  const { headers, body } = answer(open);
  return { status: 201, headers: { ...headers, Location: designAddress(open.design.id) }, body };
}
