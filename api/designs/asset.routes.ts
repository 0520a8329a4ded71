import { z } from 'zod';
import { runCommand } from '../../db/commands/command.ts';
import type { Transaction } from '../../db/database.ts';
import { AssetRepository, type Asset } from '../../db/designs/asset.repository.ts';
import {
  assetFormats,
  assetLimits,
  formatOf,
  mediaTypes,
  type AssetFormat,
} from '../../domain/designs/asset.ts';
import { fileLinkSeconds } from '../../domain/designs/preview.ts';
import { Failure } from '../../domain/failure.ts';
import type { ImageProcesses } from '../../platform/images/image-process.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { AssetStore } from '../../services/designs/asset-store.ts';
import { readBytes } from '../body.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import type { Actor } from './design.commands.ts';
import { idParams } from './design.schemas.ts';
import { UploadsUnderWay } from './uploads-under-way.ts';

const tag = 'Design assets';
const reading = { tag, access: 'designs:read', rate: 'read' } as const;
const uploadSeconds = 120;

const assetShape = z
  .object({
    id: z.uuid(),
    name: z.string(),
    format: z.enum(assetFormats),
    width: z.int().meta({ description: 'In pixels; of an SVG, in units of its own.' }),
    height: z.int(),
    bytes: z.int(),
    sha256: z.string(),
    left_out: z.array(z.string()).meta({
      description: 'What of an SVG was not kept, as it could do more than draw: scripts, links to elsewhere.',
    }),
    made_of: z.uuid().nullable().meta({ description: 'The asset that it is a smaller copy of.' }),
    file: z.object({ url: z.url(), expires_at: z.iso.datetime() }),
    created_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DesignAsset' });

/** Pictures for designs. */
export function createAssetRoutes({ config, database, storage }: Services, images: ImageProcesses): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const store = new AssetStore({ database, storage });
  const pictureTypes = Object.values(mediaTypes);
  const uploads = new UploadsUnderWay();
  return [
    route({
      method: 'post',
      path: '/v1/design-assets',
      summary: 'Upload a picture',
      description:
        `PNG, JPEG, WebP up to ${assetLimits.rasterBytes} bytes and ${assetLimits.pixels} pixels, or SVG up to ` +
        `${assetLimits.svgBytes} bytes. What a file is, its content says. An SVG is made anew of what only draws.`,
      tag,
      access: 'designs:write',
      rate: 'upload',
      query: z.strictObject({
        name: z
          .string()
          .trim()
          .min(1)
          .max(200)
          .meta({ description: 'What people call it.', example: 'Logo' }),
      }),
      rawBody: { mediaTypes: pictureTypes, description: 'The file.' },
      idempotency: { domain: 'designs', mode: 'handler' },
      responses: {
        201: { description: 'The asset.', body: assetShape, headers: { Location: 'Where it is found.' } },
      },
      failures: [
        'designs.asset_type',
        'designs.assets_full',
        'images.unreadable',
        'images.unsafe',
        'images.too_large',
        'images.too_slow',
        'storage.full',
        'idempotency.key_reused',
      ],
      handler: async (request) => {
        const { ctx, query, principal, signal } = request;
        const { tenantId, userId } = principal;
        if (!ctx.is(...pictureTypes))
          throw new Failure('request.unsupported_media_type', `Send the file as ${pictureTypes.join(', ')}.`);
        const { incoming, commandKey } = await uploads.one(tenantId, async () => {
          const content = await readBytes(ctx, uploadSeconds, assetLimits.rasterBytes);
          const format = requireFormat(content);
          const { width, height, clean, leftOut } = await images.run('inspect', { content, format }, signal);
          const facts = { format, width, height, leftOut, madeOf: null };
          const owner = { name: query.name, createdBy: userId };
          return {
            incoming: await store.put(tenantId, owner, clean ?? content, facts, signal),
            commandKey: request.commandKey(content),
          };
        });
        const { format } = incoming.facts;
        const { answer, replayed } = await runCommand(
          database,
          'designs',
          commandKey,
          async (transaction) => {
            const asset = await store.keep(transaction, tenantId, incoming);
            await tell(transaction.publish, request, asset.id, 'stored', { format, bytes: asset.bytes });
            const headers = { Location: `/v1/design-assets/${asset.id}` };
            return { status: 201, headers, body: await presentAsset(storage, asset) };
          },
        );
        // The file of the second request is nobody's, and is swept.
        if (replayed) ctx.set('Idempotency-Replayed', 'true');
        return answer;
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/design-assets',
      summary: 'The assets of the organisation, newest first',
      query: z.strictObject({
        ...pageQuery,
        name: z.string().max(200).optional().meta({ description: 'A part of the name.' }),
        format: z.enum(assetFormats).optional(),
      }),
      responses: { 200: { description: 'A page of assets.', body: pageOf(assetShape) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const { name, format } = query;
        const { items, next_cursor } = await pages.read({
          list: 'design-assets',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new AssetRepository(sql, tenantId).list({ name, format }, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: (asset) => presentAsset(storage, asset),
        });
        return { status: 200, body: { items: await Promise.all(items), next_cursor } };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/design-assets/:id',
      summary: 'An asset, with a link to its file',
      params: idParams,
      responses: { 200: { description: 'The asset.', body: assetShape } },
      failures: ['designs.asset_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const asset = await database.read('designs', ({ sql }) => new AssetRepository(sql, tenantId).get(id));
        return { status: 200, body: await presentAsset(storage, asset) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/design-assets/:id',
      summary: 'Delete an asset',
      description: 'One that any version of a design or a preset shows is kept.',
      tag,
      access: 'designs:write',
      rate: 'write',
      params: idParams,
      idempotency: { domain: 'designs', mode: 'transaction' },
      responses: { 204: { description: 'It is gone.' } },
      failures: ['designs.asset_not_found', 'designs.asset_in_use'],
      handler: async (request, transaction) => {
        const { params, principal } = request;
        await new AssetRepository(transaction.sql, principal.tenantId).delete(params.id);
        await tell(transaction.publish, request, params.id, 'deleted', {});
        return { status: 204 };
      },
    }),
  ];
}

/** @throws Failure `designs.asset_type`, `images.too_large` */
function requireFormat(content: Uint8Array): AssetFormat {
  const format = formatOf(content);
  if (!format)
    throw new Failure('designs.asset_type', 'By its content the file is neither PNG, JPEG, WebP nor SVG.');
  if (format === 'svg' && content.length > assetLimits.svgBytes)
    throw new Failure('images.too_large', `An SVG has at most ${assetLimits.svgBytes} bytes.`);
  return format;
}

async function tell(
  publish: Transaction['publish'],
  { principal, traceId }: Actor,
  id: string,
  what: 'stored' | 'deleted',
  data: Record<string, unknown>,
): Promise<void> {
  await publish({
    type: `designs.asset_${what}`,
    tenantId: principal.tenantId,
    subject: `design-asset:${id}`,
    actorId: principal.userId,
    traceId,
    data,
  });
}

/** A file is only ever passed on as a download of bytes: no browser takes it for a page of ours. */
async function presentAsset(storage: ObjectStorage, asset: Asset): Promise<object> {
  const { url, expiresAt } = await storage.presignGet(asset.objectKey, {
    expiresIn: fileLinkSeconds,
    filename: `${asset.name}.${asset.format}`,
  });
  return {
    id: asset.id,
    name: asset.name,
    format: asset.format,
    width: asset.width,
    height: asset.height,
    bytes: asset.bytes,
    sha256: asset.sha256,
    left_out: asset.leftOut,
    made_of: asset.madeOf?.assetId ?? null,
    file: { url, expires_at: expiresAt.toISOString() },
    created_by: asset.createdBy,
    created_at: asset.createdAt.toISOString(),
  };
}
