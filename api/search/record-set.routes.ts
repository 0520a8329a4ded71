import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { abandonImports } from '../../db/search/import-endings.ts';
import { RecordSetRepository, tellOfRecordSet } from '../../db/search/record-set.repository.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createImportRoutes } from './import.routes.ts';
import { presentRecordSet } from './import.presenter.ts';
import { newRecordSet, recordSetShape } from './import.schemas.ts';

const params = z.object({ id: z.uuid() });
const idempotency = { domain: 'search', mode: 'transaction' } as const;
const tag = 'Record sets';
const etag = { ETag: 'Of what people can change.' };

/** Record sets: the people that the provider `records` searches. */
export function createRecordSetRoutes(services: Services): Route[] {
  const { config, database } = services;
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'post',
      path: '/v1/record-sets',
      summary: 'Make a record set',
      tag,
      access: 'records:write',
      rate: 'write',
      body: newRecordSet,
      idempotency,
      responses: {
        201: {
          description: 'The record set, empty.',
          body: recordSetShape,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: ['search.record_set_name_taken'],
      handler: async (request, transaction) => {
        const { tenantId, userId } = request.principal;
        const sets = new RecordSetRepository(transaction.sql, tenantId);
        const set = await sets.create(uuidv7(), request.body.name, userId);
        await tellOfRecordSet(transaction, set, 'search.record_set_created', actorOf(request));
        const headers = { Location: `/v1/record-sets/${set.id}`, ETag: etagOf(set.version) };
        return { status: 201, headers, body: presentRecordSet(set) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/record-sets',
      summary: 'The record sets of the organisation, newest first',
      tag,
      access: 'records:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of record sets.', body: pageOf(recordSetShape) } },
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'record-sets',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('search', ({ sql }) =>
              new RecordSetRepository(sql, tenantId).list(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentRecordSet,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/record-sets/:id',
      summary: 'A record set',
      tag,
      access: 'records:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'The record set.', body: recordSetShape, headers: etag } },
      failures: ['search.record_set_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const set = await database.read('search', ({ sql }) =>
          new RecordSetRepository(sql, tenantId).get(id),
        );
        return { status: 200, headers: { ETag: etagOf(set.version) }, body: presentRecordSet(set) };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/record-sets/:id',
      summary: 'Rename a record set',
      tag,
      access: 'records:write',
      rate: 'write',
      params,
      body: newRecordSet,
      ifMatch: true,
      idempotency,
      responses: { 200: { description: 'The record set.', body: recordSetShape, headers: etag } },
      failures: ['search.record_set_not_found', 'search.record_set_name_taken'],
      handler: async (request, transaction) => {
        const { id } = request.params;
        const sets = new RecordSetRepository(transaction.sql, request.principal.tenantId);
        const set = await sets.lock(id);
        requireMatch(request.ctx, set.version);
        await sets.rename(set, request.body.name);
        await tellOfRecordSet(transaction, set, 'search.record_set_renamed', actorOf(request));
        const renamed = await sets.get(id);
        return { status: 200, headers: { ETag: etagOf(renamed.version) }, body: presentRecordSet(renamed) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/record-sets/:id',
      summary: 'Delete a record set',
      description:
        'No search finds its people from now on; they are deleted in the background. An import that is at work ends.',
      tag,
      access: 'records:write',
      rate: 'write',
      params,
      idempotency,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['search.record_set_not_found'],
      handler: async (request, transaction) => {
        const { tenantId } = request.principal;
        const sets = new RecordSetRepository(transaction.sql, tenantId);
        const { id } = await sets.get(request.params.id);
        // The import first, then the set: in this order imports lock them too.
        await abandonImports(transaction, tenantId, id);
        const set = await sets.lock(id);
        await sets.retireAll(set.id);
        await tellOfRecordSet(transaction, set, 'search.record_set_deletion_requested', actorOf(request));
        return { status: 204 };
      },
    }),
    ...createImportRoutes(services),
  ];
}

function actorOf({ principal, traceId }: Request): { userId: string; traceId: string } {
  return { userId: principal.userId, traceId };
}
