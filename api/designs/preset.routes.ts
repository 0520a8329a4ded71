import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import { requireAssets } from '../../db/designs/asset-check.ts';
import { PresetRepository, type StoredPreset } from '../../db/designs/preset.repository.ts';
import { contentHash } from '../../domain/designs/content.ts';
import { documentSchema } from '../../domain/designs/document.ts';
import { categoryPattern } from '../../domain/designs/preset.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Reply, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import type { Actor } from './design.commands.ts';
import { documentInput, exampleDocument, idParams, nameInput } from './design.schemas.ts';

const tag = 'Design presets';
const idempotency = { domain: 'designs', mode: 'transaction' } as const;
const writing = { tag, access: 'designs:write', rate: 'write', idempotency } as const;
const reading = { tag, access: 'designs:read', rate: 'read' } as const;
const etag = { ETag: 'Of what people can change.' };

const category = z
  .string()
  .max(60)
  .regex(categoryPattern)
  .meta({ description: 'Words with hyphens between them.', example: 'id-tags' });

const content = {
  category,
  name: nameInput,
  description: z.string().trim().max(1_000),
  document: documentInput,
};
const example = {
  category: 'id-tags',
  name: 'Paw on blue',
  description: 'Our usual tag.',
  document: exampleDocument,
};
const newPreset = z
  .strictObject({ ...content, description: content.description.default('') })
  .meta({ id: 'NewDesignPreset', example });
const presetChange = z
  .strictObject(content)
  .partial()
  .refine((change) => Object.values(change).some((member) => member !== undefined), 'It changes nothing.')
  .meta({ id: 'DesignPresetChange', example: { category: 'id-tags' } });

const presetShape = z
  .object({
    id: z.uuid(),
    category: z.string(),
    name: z.string(),
    description: z.string(),
    built_in: z.boolean().meta({ description: 'It comes with the product, and can’t be changed.' }),
    document: documentSchema,
    created_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'DesignPreset' });

/** Presets: designs to begin with, by category. */
export function createPresetRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      ...reading,
      method: 'get',
      path: '/v1/design-presets',
      summary: 'The presets, newest first',
      description: 'Those of the organisation, and behind them those that come with the product.',
      query: z.strictObject({ ...pageQuery, category: category.optional() }),
      responses: { 200: { description: 'A page of presets.', body: pageOf(presetShape) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'design-presets',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new PresetRepository(sql, tenantId).list(query.category, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentPreset,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/design-preset-categories',
      summary: 'The categories that have presets',
      responses: {
        200: {
          description: 'By name.',
          body: z.object({ items: z.array(z.object({ category: z.string(), presets: z.int() })) }),
        },
      },
      handler: async ({ principal: { tenantId } }) => {
        const items = await database.read('designs', ({ sql }) =>
          new PresetRepository(sql, tenantId).categories(),
        );
        return { status: 200, body: { items } };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/design-presets/:id',
      summary: 'A preset',
      params: idParams,
      responses: { 200: { description: 'The preset.', body: presetShape, headers: etag } },
      failures: ['designs.preset_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) =>
        answer(await database.read('designs', ({ sql }) => new PresetRepository(sql, tenantId).get(id))),
    }),
    route({
      ...writing,
      method: 'post',
      path: '/v1/design-presets',
      summary: 'Make a preset',
      body: newPreset,
      responses: {
        201: {
          description: 'The preset.',
          body: presetShape,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: ['designs.too_many_presets', 'designs.document_invalid', 'designs.document_too_large'],
      handler: async (request, transaction) => {
        const { body, principal } = request;
        contentHash(body.document);
        await requireAssets(transaction.sql, principal.tenantId, body.document, '/body/document');
        const presets = new PresetRepository(transaction.sql, principal.tenantId);
        const preset = await presets.insert(uuidv7(), body, principal.userId);
        await tell(transaction, request, preset, 'created');
        const reply = answer(preset);
        const headers = { ...reply.headers, Location: `/v1/design-presets/${preset.id}` };
        return { ...reply, status: 201, headers };
      },
    }),
    route({
      ...writing,
      method: 'patch',
      path: '/v1/design-presets/:id',
      summary: 'Change a preset',
      description: 'Designs that were made of it stay as they are.',
      params: idParams,
      body: presetChange,
      ifMatch: true,
      responses: { 200: { description: 'The preset as it now is.', body: presetShape, headers: etag } },
      failures: [
        'designs.preset_not_found',
        'designs.preset_built_in',
        'designs.document_invalid',
        'designs.document_too_large',
        'request.precondition_failed',
      ],
      handler: async (request, transaction) => {
        const { params, body, ctx, principal } = request;
        const presets = new PresetRepository(transaction.sql, principal.tenantId);
        const before = await presets.lock(params.id);
        requireMatch(ctx, before.revision);
        if (body.document) {
          contentHash(body.document);
          await requireAssets(transaction.sql, principal.tenantId, body.document, '/body/document');
        }
        const preset = await presets.update(params.id, {
          category: body.category ?? before.category,
          name: body.name ?? before.name,
          description: body.description ?? before.description,
          document: body.document ?? before.document,
        });
        await tell(transaction, request, preset, 'updated');
        return answer(preset);
      },
    }),
    route({
      ...writing,
      method: 'delete',
      path: '/v1/design-presets/:id',
      summary: 'Delete a preset',
      params: idParams,
      ifMatch: true,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['designs.preset_not_found', 'designs.preset_built_in', 'request.precondition_failed'],
      handler: async (request, transaction) => {
        const { params, ctx, principal } = request;
        const presets = new PresetRepository(transaction.sql, principal.tenantId);
        const preset = await presets.lock(params.id);
        requireMatch(ctx, preset.revision);
        await presets.delete(params.id);
        await tell(transaction, request, preset, 'deleted');
        return { status: 204 };
      },
    }),
  ];
}

async function tell(
  transaction: Transaction,
  { principal, traceId }: Actor,
  { id, category: of }: StoredPreset,
  what: 'created' | 'updated' | 'deleted',
): Promise<void> {
  await transaction.publish({
    type: `designs.preset_${what}`,
    tenantId: principal.tenantId,
    subject: `design-preset:${id}`,
    actorId: principal.userId,
    traceId,
    data: { category: of },
  });
}

function answer(preset: StoredPreset): Reply {
  return { status: 200, headers: { ETag: etagOf(preset.revision) }, body: presentPreset(preset) };
}

function presentPreset(preset: StoredPreset): object {
  return {
    id: preset.id,
    category: preset.category,
    name: preset.name,
    description: preset.description,
    built_in: preset.builtIn,
    document: preset.document,
    created_by: preset.createdBy,
    created_at: preset.createdAt.toISOString(),
    updated_at: preset.updatedAt.toISOString(),
  };
}
