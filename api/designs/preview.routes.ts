import { z } from 'zod';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import type { Version } from '../../db/designs/design.ts';
import { requestPreview } from '../../db/designs/preview-steps.ts';
import { PreviewRepository, type Preview } from '../../db/designs/preview.repository.ts';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import type { Sql } from '../../db/sql.ts';
import { designLimits } from '../../domain/designs/limits.ts';
import {
  askedLimits,
  fileLinkSeconds,
  normaliseSizes,
  pictureFormats,
  previewStates,
  sizeLimits,
  usualSizes,
  type PictureFile,
} from '../../domain/designs/preview.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { askerOf } from './asker.ts';
import { idParams } from './design.schemas.ts';

const tag = 'Design previews';
const reading = { tag, access: 'designs:read', rate: 'read' } as const;
const version = z.coerce.number().int().min(1).max(designLimits.versions);

const newPreview = z
  .strictObject({
    version: z
      .int()
      .min(1)
      .max(designLimits.versions)
      .optional()
      .meta({ description: 'The newest where left out.' }),
    sizes: z
      .array(z.int().min(sizeLimits.least).max(sizeLimits.most))
      .min(1)
      .max(sizeLimits.count)
      .default([...usualSizes])
      .meta({ description: 'Longest edges, in pixels.' }),
  })
  .default({ sizes: [...usualSizes] })
  .meta({ id: 'NewDesignPreview', example: { sizes: [512] } });

export const pictureShape = z
  .object({
    width: z.int(),
    height: z.int(),
    format: z.enum(pictureFormats),
    bytes: z.int(),
    url: z.url(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'DesignPicture' });

const previewShape = z
  .object({
    id: z.uuid(),
    content_hash: z.string().meta({ description: 'Of the version: equal contents have the same pictures.' }),
    sizes: z.array(z.int()),
    state: z.enum(previewStates),
    failure: z.string().nullable().meta({ description: 'The code of what went wrong.' }),
    pictures: z.array(pictureShape).meta({ description: 'With links that are good for some minutes.' }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'DesignPreview' });

/** Pictures of designs, in any size. Each saved version has the usual ones without being asked. */
export function createPreviewRoutes({ config, database, storage }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'post',
      path: '/v1/designs/:id/previews',
      summary: 'Have a version of a design drawn',
      description:
        'As PNG and as WebP in each size. What is drawn already is not drawn again; what had failed is tried anew. ' +
        `Sizes other than ${usualSizes.join(' and ')} are limited: ${askedLimits.ofContent} choices of them for one content, ` +
        `${askedLimits.bytes} bytes of an organisation in ${askedLimits.days} days.`,
      tag,
      access: 'designs:read',
      rate: 'write',
      params: idParams,
      body: newPreview,
      idempotency: { domain: 'designs', mode: 'transaction' },
      responses: {
        200: { description: 'The pictures, which are there already.', body: previewShape },
        202: {
          description: 'They are being drawn.',
          body: previewShape,
          headers: { Location: 'Where they are found.' },
        },
      },
      failures: [
        'designs.design_not_found',
        'designs.version_not_found',
        'designs.too_many_previews',
        'designs.previews_full',
      ],
      handler: async (request, transaction) => {
        const { params, body, principal, traceId } = request;
        const { tenantId, userId } = principal;
        const given = await versionOf(transaction.sql, principal, params.id, body.version);
        const preview = await requestPreview(transaction, {
          tenantId,
          designId: given.designId,
          version: given.number,
          contentHash: given.contentHash,
          sizes: normaliseSizes(body.sizes),
          userId,
          traceId,
        });
        const shown = await presentPreview(storage, preview);
        if (preview.state === 'ready') return { status: 200, body: shown };
        const headers = { Location: `/v1/designs/${params.id}/previews/${preview.id}` };
        return { status: 202, headers, body: shown };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/previews',
      summary: 'The pictures of a version of a design',
      params: idParams,
      query: z.strictObject({
        ...pageQuery,
        version: version.optional().meta({ description: 'The newest where left out.' }),
      }),
      responses: { 200: { description: 'A page of them.', body: pageOf(previewShape) } },
      failures: ['designs.design_not_found', 'designs.version_not_found', 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal, query }) => {
        const { tenantId } = principal;
        const { contentHash } = await database.read('designs', ({ sql }) =>
          versionOf(sql, principal, id, query.version),
        );
        const { items, next_cursor } = await pages.read({
          list: `designs/${id}/previews`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new PreviewRepository(sql, tenantId).ofContent(contentHash, limit, after?.id ?? null),
            ),
          positionOf: (preview) => ({ id: preview.id }),
          present: (preview) => presentPreview(storage, preview),
        });
        return { status: 200, body: { items: await Promise.all(items), next_cursor } };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/previews/:preview_id',
      summary: 'Pictures of a design, with links to them',
      params: z.object({ id: z.uuid(), preview_id: z.uuid() }),
      responses: { 200: { description: 'The pictures.', body: previewShape } },
      failures: ['designs.design_not_found', 'designs.preview_not_found'],
      handler: async ({ params: { id, preview_id: previewId }, principal }) => {
        const { tenantId } = principal;
        const preview = await database.read('designs', async ({ sql }) => {
          const found = await new PreviewRepository(sql, tenantId).ofDesign(id, previewId);
          // Whoever may see any version with this content may see its pictures.
          await versionOf(sql, principal, id, found.number);
          return found.preview;
        });
        return { status: 200, body: await presentPreview(storage, preview) };
      },
    }),
  ];
}

/** @throws Failure `designs.design_not_found`, `designs.version_not_found` */
async function versionOf(
  sql: Sql,
  principal: Principal,
  designId: string,
  number: number | undefined,
): Promise<Version> {
  const { tenantId } = principal;
  const asker = askerOf(principal);
  const wanted = number ?? (await new DesignRepository(sql, tenantId, asker).get(designId)).version;
  return await new VersionRepository(sql, tenantId, asker).get(designId, wanted);
}

async function presentPreview(storage: ObjectStorage, preview: Preview): Promise<object> {
  return {
    id: preview.id,
    content_hash: preview.contentHash,
    sizes: preview.sizes,
    state: preview.state,
    failure: preview.failure,
    pictures: await presentPictures(storage, preview.files ?? []),
    created_at: preview.createdAt.toISOString(),
    finished_at: preview.finishedAt?.toISOString() ?? null,
  };
}

export async function presentPictures(
  storage: ObjectStorage,
  files: readonly PictureFile[],
): Promise<object[]> {
  return await Promise.all(
    files.map(async ({ width, height, format, bytes, key }) => {
      const { url, expiresAt } = await storage.presignGet(key, {
        expiresIn: fileLinkSeconds,
        filename: `design-${width}x${height}.${format}`,
      });
      return { width, height, format, bytes, url, expires_at: expiresAt.toISOString() };
    }),
  );
}
