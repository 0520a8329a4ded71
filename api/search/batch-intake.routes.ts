import { z } from 'zod';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { isFinished } from '../../domain/search/batch.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { SearchEngine } from '../../services/search/contract.ts';
import { readJson } from '../body.ts';
import { etagOf } from '../etag.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { validate } from '../validate.ts';
import { BatchIntake } from './batch-intake.ts';
import type { BatchProgress } from './batch-progress.ts';
import { presentBatch } from './batch.presenter.ts';
import {
  batchPreview,
  batchShape,
  newBatch,
  newBatchForm,
  newPreview,
  newPreviewForm,
  previewForm,
} from './batch.schemas.ts';
import { fileFailures } from './file-failures.ts';
import { readFormFields } from './form-fields.ts';
import { IncomingFiles } from './incoming-files.ts';
import { preferHeader, preferredWait } from './preferred-wait.ts';
import { previewFile } from './table-preview.ts';

const mediaTypes = ['multipart/form-data', 'application/json'];

/** The ways in: a look at a file, and a batch of it. */
export function createBatchIntakeRoutes(
  services: Services,
  engine: SearchEngine,
  progress: BatchProgress,
): Route[] {
  const files = new IncomingFiles(services);
  const intake = new BatchIntake(services, files);
  const find = (tenantId: string, uploadId: string) =>
    services.database.read('search', ({ sql }) => files.find(sql, tenantId, uploadId));
  return [
    route({
      method: 'post',
      path: '/v1/batches/preview',
      summary: 'Look at a file before searching it',
      description:
        'Reads the whole file, a million rows in about ten seconds, and tells the mapping it would guess, what the rows ' +
        'would be searched by, which rows would fail, and what it would cost at most. Nothing is searched or billed.',
      tag: 'Batches',
      access: 'batches:write',
      rate: 'upload',
      rawBody: {
        mediaTypes,
        description: 'The file in a form, or the id of an upload.',
        schema: { 'multipart/form-data': newPreviewForm, 'application/json': newPreview },
      },
      responses: { 200: { description: 'What would come of it.', body: batchPreview } },
      failures: fileFailures,
      handler: async ({ ctx, principal, traceId, signal }) => {
        const { tenantId, userId } = principal;
        let file;
        let body;
        if (ctx.is('multipart/form-data')) {
          const form = await files.receiveUpload({ ctx, principal, signal });
          ({ file } = form);
          body = validate(previewForm, readFormFields(form.fields), 'body');
        } else {
          const { upload_id, ...rest } = validate(newPreview, (await readJson(ctx)).value, 'body');
          body = rest;
          file = await find(tenantId, upload_id);
        }
        const { kind, mapping } = body;
        const { preview, shown } = await previewFile(services.storage, file, { mapping, kind, signal });
        const price = await engine.price({ tenantId, userId, source: 'batch', traceId }, kind);
        const searched = BigInt(preview.valid - preview.duplicates);
        return {
          status: 200,
          body: {
            upload_id: file.uploadId,
            ...shown,
            cost: {
              currency: price.currency,
              per_row: formatDecimal(price.maxMicros),
              most: formatDecimal(price.maxMicros * searched),
            },
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/v1/batches',
      summary: 'Search for everyone in a file',
      description:
        'Takes CSV of any delimiter or NDJSON, in UTF-8, UTF-16 or Windows-1252, plain or gzipped, up to a million rows or ' +
        '2 GB. The batch is accepted in one transaction and then goes on by itself, whatever is restarted: follow it by its ' +
        '`Location` or by its events. With `Prefer: wait=10` a small batch is answered when it is done.',
      tag: 'Batches',
      access: 'batches:write',
      rate: 'upload',
      rawBody: {
        mediaTypes,
        description: 'The file in a form, or the id of an upload.',
        schema: { 'multipart/form-data': newBatchForm, 'application/json': newBatch },
      },
      headers: preferHeader,
      idempotency: { domain: 'search', mode: 'handler', showsSecret: true },
      responses: {
        200: { description: 'The batch has ended within the time to wait.', body: batchShape },
        202: {
          description: 'The batch is accepted.',
          body: batchShape,
          headers: { Location: 'Where the batch is found.' },
        },
      },
      failures: [...fileFailures, 'search.webhook_url', 'search.record_set_not_found'],
      handler: async (request) => {
        const { ctx, principal } = request;
        const reply = await intake.submit(request);
        const seconds = preferredWait(ctx);
        if (seconds === 0) return reply;
        const { id } = reply.body as { id: string };
        const batch = await progress.ended(principal.tenantId, id, seconds, request.signal);
        if (!isFinished(batch.phase)) return reply;
        return {
          status: 200,
          headers: { ...reply.headers, 'Preference-Applied': `wait=${seconds}` },
          body: { ...(reply.body as object), ...presentBatch(batch) },
        };
      },
    }),
    route({
      method: 'get',
      path: '/v1/batches/:id',
      summary: 'A batch and its progress',
      tag: 'Batches',
      access: 'batches:read',
      rate: 'read',
      params: z.object({ id: z.uuid() }),
      responses: {
        200: {
          description: 'The batch.',
          body: batchShape,
          headers: { ETag: 'Changes with what people can change, not with progress.' },
        },
      },
      failures: ['search.batch_not_found'],
      handler: async ({ params: { id }, principal }) => {
        const batch = await services.database.read('search', ({ sql }) =>
          new BatchRepository(sql).get(principal.tenantId, id),
        );
        return { status: 200, headers: { ETag: etagOf(batch.version) }, body: presentBatch(batch) };
      },
    }),
  ];
}
