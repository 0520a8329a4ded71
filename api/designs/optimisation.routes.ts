import { z } from 'zod';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import { OptimisationRepository, type Optimisation } from '../../db/designs/optimisation.repository.ts';
import { requireAccess } from '../../domain/designs/access.ts';
import { optimisationStates } from '../../domain/designs/optimisation.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { askerOf } from './asker.ts';
import { idParams } from './design.schemas.ts';

const tag = 'Design optimisations';
const reading = { tag, access: 'designs:read', rate: 'read' } as const;

const newOptimisation = z
  .strictObject({
    quality: z.int().min(40).max(100).default(82).meta({
      description: 'Of photographs: 100 loses next to nothing, 40 is seen to be less. PNGs lose nothing.',
    }),
  })
  .default({ quality: 82 })
  .meta({ id: 'NewDesignOptimisation', example: { quality: 82 } });

const optimisationShape = z
  .object({
    id: z.uuid(),
    design_id: z.uuid(),
    version: z.int().meta({ description: 'Which is made smaller.' }),
    quality: z.int(),
    state: z.enum(optimisationStates).meta({
      description:
        '`unchanged`: nothing to save. `superseded`: somebody has saved another version meanwhile, and it stands.',
    }),
    new_version: z.int().nullable(),
    failure: z.string().nullable(),
    report: z
      .object({
        dropped: z.array(z.object({ asset_id: z.uuid(), bytes: z.int() })),
        pictures: z.array(
          z.object({
            asset_id: z.uuid(),
            replaced_by: z.uuid().nullable(),
            bytes_before: z.int(),
            bytes_after: z.int(),
          }),
        ),
        bytes_before: z.int(),
        bytes_after: z.int(),
      })
      .nullable()
      .meta({ description: 'What it saves, by asset; null until it has ended.' }),
    created_by: z.uuid(),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'DesignOptimisation' });

/** Designs made smaller: what is not shown is dropped, and pictures have no more pixels than are printed. */
export function createOptimisationRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'post',
      path: '/v1/designs/:id/optimisations',
      summary: 'Make a design smaller',
      description:
        'Saves a next version without assets that no layer shows, and with pictures of just the pixels that are printed. Older ' +
        'versions keep the pictures that they have.',
      tag,
      access: 'designs:write',
      rate: 'write',
      params: idParams,
      body: newOptimisation,
      idempotency: { domain: 'designs', mode: 'transaction' },
      responses: {
        202: {
          description: 'It goes on by itself.',
          body: optimisationShape,
          headers: { Location: 'Where it is found.' },
        },
      },
      failures: ['designs.design_not_found', 'designs.access_denied', 'designs.optimisation_under_way'],
      handler: async (request, { sql, publish }) => {
        const { params, body, principal, traceId } = request;
        const { tenantId, userId } = principal;
        const design = await new DesignRepository(sql, tenantId, askerOf(principal)).lock(params.id);
        requireAccess(design.access, 'edit');
        const made = await new OptimisationRepository(sql, tenantId).insert({
          designId: design.id,
          version: design.version,
          quality: body.quality,
          createdBy: userId,
        });
        await publish({
          type: 'design.optimisation_requested',
          tenantId,
          subject: `optimisation:${made.id}`,
          actorId: userId,
          traceId,
          data: { design_id: design.id, version: design.version },
        });
        const headers = { Location: `/v1/designs/${design.id}/optimisations/${made.id}` };
        return { status: 202, headers, body: presentOptimisation(made) };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/optimisations',
      summary: 'The optimisations of a design, newest first',
      params: idParams,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of them.', body: pageOf(optimisationShape) } },
      failures: ['designs.design_not_found', 'request.cursor_invalid'],
      handler: async ({ params: { id }, principal, query }) => {
        const { tenantId } = principal;
        await database.read('designs', ({ sql }) =>
          new DesignRepository(sql, tenantId, askerOf(principal)).get(id),
        );
        const body = await pages.read({
          list: `designs/${id}/optimisations`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('designs', ({ sql }) =>
              new OptimisationRepository(sql, tenantId).list(id, limit, after?.id ?? null),
            ),
          positionOf: (one) => ({ id: one.id }),
          present: presentOptimisation,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/designs/:id/optimisations/:optimisation_id',
      summary: 'An optimisation, with what it saves',
      params: z.object({ id: z.uuid(), optimisation_id: z.uuid() }),
      responses: { 200: { description: 'The optimisation.', body: optimisationShape } },
      failures: ['designs.design_not_found', 'designs.optimisation_not_found'],
      handler: async ({ params, principal }) => {
        const { tenantId } = principal;
        const optimisation = await database.read('designs', async ({ sql }) => {
          const design = await new DesignRepository(sql, tenantId, askerOf(principal)).get(params.id);
          return await new OptimisationRepository(sql, tenantId).getOf(design.id, params.optimisation_id);
        });
        return { status: 200, body: presentOptimisation(optimisation) };
      },
    }),
  ];
}

function presentOptimisation(one: Optimisation): object {
  return {
    id: one.id,
    design_id: one.designId,
    version: one.version,
    quality: one.quality,
    state: one.state,
    new_version: one.newVersion,
    failure: one.failure,
    report: one.report,
    created_by: one.createdBy,
    created_at: one.createdAt.toISOString(),
    finished_at: one.finishedAt?.toISOString() ?? null,
  };
}
