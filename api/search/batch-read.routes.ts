import { z } from 'zod';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { readResults } from '../../db/search/batch-results.ts';
import { Failure } from '../../domain/failure.ts';
import { batchPhases, batchStates, rowStatuses, type BatchState } from '../../domain/search/batch.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import type { BatchProgress } from './batch-progress.ts';
import { presentBatch, presentRow } from './batch.presenter.ts';
import { batchRow, batchShape } from './batch.schemas.ts';
import { eventStream, lastEventId } from '../realtime/event-stream.ts';

const params = z.object({ id: z.uuid() });

/** Lists of batches and of their rows, and the stream of what happens to one. */
export function createBatchReadRoutes({ config, database }: Services, progress: BatchProgress): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const get = (tenantId: string, id: string) =>
    database.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, id));
  return [
    route({
      method: 'get',
      path: '/v1/batches',
      summary: 'The batches of the organisation, newest first',
      tag: 'Batches',
      access: 'batches:read',
      rate: 'read',
      query: z.strictObject({ ...pageQuery, state: z.enum(batchStates).optional() }),
      responses: { 200: { description: 'A page of batches.', body: pageOf(batchShape) } },
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'batches',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('search', ({ sql }) =>
              new BatchRepository(sql).list(tenantId, filterOf(query.state), limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: (batch) => presentBatch(batch),
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/batches/:id/rows',
      summary: 'The rows of a batch with their results so far',
      tag: 'Batches',
      access: 'batches:read',
      rate: 'read',
      params,
      query: z.strictObject({ ...pageQuery, status: z.enum([...rowStatuses, 'pending']).optional() }),
      responses: {
        200: { description: 'A page of rows, in the order of the file.', body: pageOf(batchRow) },
      },
      failures: ['search.batch_not_found', 'search.batch_expired'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        const batch = await get(tenantId, id);
        if (batch.phase === 'expired')
          throw new Failure('search.batch_expired', 'The rows of this batch have been deleted.');
        const body = await pages.read({
          list: `batches/${id}/rows`,
          tenantId,
          query,
          position: z.object({ row: z.int() }),
          read: (limit, after) =>
            database.read('search', ({ sql }) => readResults(sql, id, after?.row ?? 0, limit, query.status)),
          positionOf: ({ rowNo }) => ({ row: rowNo }),
          present: (row) => presentRow(row, batch.columns ?? []),
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/batches/:id/events',
      summary: 'Follow a batch (server-sent events)',
      description:
        'Sends `state` for each entry of the batch’s history, `progress` with the batch as `GET /v1/batches/{id}` shows it ' +
        'whenever something has changed, and `end` when it has ended; then the stream ends too. Whoever reconnects with ' +
        '`Last-Event-ID` hears what has happened since.',
      tag: 'Batches',
      access: 'batches:read',
      rate: 'read',
      params,
      query: z.strictObject({ last_event_id: z.string().max(20).optional() }),
      headers: { 'Last-Event-ID': 'The `id` of the last event heard.' },
      responses: { 200: { description: 'The events.', mediaType: 'text/event-stream' } },
      failures: ['search.batch_not_found'],
      handler: async ({ params: { id }, principal: { tenantId }, ctx, signal }) => {
        const batch = await get(tenantId, id);
        return eventStream(progress.events(batch, lastEventId(ctx), signal));
      },
    }),
  ];
}

/** What a state means in the table: a phase that nothing holds, or the hold. */
function filterOf(state: BatchState | undefined): Parameters<BatchRepository['list']>[1] {
  if (state === undefined) return {};
  if (state === 'paused') return { held: 'pause' };
  if (state === 'cancelling') return { held: 'cancel' };
  return { phases: batchPhases.filter((phase) => phase === state), held: null };
}
