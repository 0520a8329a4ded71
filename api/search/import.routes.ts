import { z } from 'zod';
import { cancelImport } from '../../db/search/import-endings.ts';
import { ImportRepository } from '../../db/search/import.repository.ts';
import type { Import } from '../../db/search/import.ts';
import { RecordSetRepository } from '../../db/search/record-set.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { isImportFinished } from '../../domain/search/import.ts';
import { readJson } from '../body.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import {
  eventStream,
  heartbeatMilliseconds,
  lastEventId,
  type ServerEvent,
} from '../realtime/event-stream.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { validate } from '../validate.ts';
import { downloadReply } from './download.ts';
import { fileFailures } from './file-failures.ts';
import { readFormFields } from './form-fields.ts';
import { ImportIntake } from './import-intake.ts';
import { presentImport } from './import.presenter.ts';
import {
  importPreviewForm,
  importShape,
  newImport,
  newImportForm,
  newImportPreview,
  newImportPreviewForm,
} from './import.schemas.ts';
import { IncomingFiles } from './incoming-files.ts';
import { preferHeader, preferredWait } from './preferred-wait.ts';
import { ProgressFeed } from './progress-feed.ts';
import { previewFile } from './table-preview.ts';
import { previewShape } from './table.schemas.ts';

const ofSet = z.object({ id: z.uuid() });
const ofImport = z.object({ id: z.uuid(), import_id: z.uuid() });
const mediaTypes = ['multipart/form-data', 'application/json'];
const tag = 'Record sets';

/** Imports of people into record sets. */
export function createImportRoutes(services: Services): Route[] {
  const { config, database, storage, log } = services;
  const files = new IncomingFiles(services);
  const intake = new ImportIntake(services, files);
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const feed = new ProgressFeed<Import>(
    (known) => database.read('search', ({ sql }) => new ImportRepository(sql).newerThan(known)),
    log,
  );
  const getSet = (tenantId: string, id: string) =>
    database.read('search', ({ sql }) => new RecordSetRepository(sql, tenantId).get(id));
  const get = async (tenantId: string, { id, import_id }: z.output<typeof ofImport>): Promise<Import> => {
    const found = await database.read('search', ({ sql }) =>
      new ImportRepository(sql).get(tenantId, import_id),
    );
    if (found.recordSetId !== id) throw new Failure('search.import_not_found', 'There is no such import.');
    return found;
  };

  return [
    route({
      method: 'post',
      path: '/v1/record-sets/:id/imports/preview',
      summary: 'Look at a file before importing it',
      description:
        'Reads the whole file and tells the mapping it would guess, who would be stored, and which rows would be rejected. Nothing is ' +
        'stored but the file, for a day.',
      tag,
      access: 'records:write',
      rate: 'upload',
      params: ofSet,
      rawBody: {
        mediaTypes,
        description: 'The file in a form, or the id of an upload.',
        schema: { 'multipart/form-data': newImportPreviewForm, 'application/json': newImportPreview },
      },
      responses: { 200: { description: 'What would come of it.', body: previewShape } },
      failures: ['search.record_set_not_found', ...fileFailures],
      handler: async ({ params: { id }, ctx, principal, signal }) => {
        await getSet(principal.tenantId, id);
        let file;
        let body;
        if (ctx.is('multipart/form-data')) {
          const form = await files.receiveUpload({ ctx, principal, signal });
          ({ file } = form);
          body = validate(importPreviewForm, readFormFields(form.fields), 'body');
        } else {
          const { upload_id, ...rest } = validate(newImportPreview, (await readJson(ctx)).value, 'body');
          body = rest;
          file = await database.read('search', ({ sql }) => files.find(sql, principal.tenantId, upload_id));
        }
        const { shown } = await previewFile(storage, file, { mapping: body.mapping, signal });
        return { status: 200, body: { upload_id: file.uploadId, ...shown } };
      },
    }),
    route({
      method: 'post',
      path: '/v1/record-sets/:id/imports',
      summary: 'Import people into a record set',
      description:
        'Takes the same files as a batch. It is accepted in one transaction and then goes on by itself. Rows that are no person are ' +
        'rejected and reported, each with its reason; the others are stored. One import at a time works on a record set. With `Prefer: wait=10` a small ' +
        'one is answered when it is done.',
      tag,
      access: 'records:write',
      rate: 'upload',
      params: ofSet,
      rawBody: {
        mediaTypes,
        description: 'The file in a form, or the id of an upload.',
        schema: { 'multipart/form-data': newImportForm, 'application/json': newImport },
      },
      headers: preferHeader,
      idempotency: { domain: 'search', mode: 'handler' },
      responses: {
        200: { description: 'The import has ended within the time to wait.', body: importShape },
        202: {
          description: 'The import is accepted.',
          body: importShape,
          headers: { Location: 'Where the import is found.' },
        },
      },
      failures: ['search.record_set_not_found', 'search.import_in_progress', ...fileFailures],
      handler: async (request) => {
        const reply = await intake.submit(request);
        const seconds = preferredWait(request.ctx);
        if (seconds === 0) return reply;
        const { id: import_id } = reply.body as { id: string };
        const given = await get(request.principal.tenantId, { ...request.params, import_id });
        const now = await endOf(feed, given, seconds, request.signal);
        if (!isImportFinished(now.phase)) return reply;
        return {
          status: 200,
          headers: { ...reply.headers, 'Preference-Applied': `wait=${seconds}` },
          body: presentImport(now),
        };
      },
    }),
    route({
      method: 'get',
      path: '/v1/record-sets/:id/imports',
      summary: 'The imports into a record set, newest first',
      tag,
      access: 'records:read',
      rate: 'read',
      params: ofSet,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of imports.', body: pageOf(importShape) } },
      failures: ['search.record_set_not_found'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await getSet(tenantId, id);
        const body = await pages.read({
          list: `record-sets/${id}/imports`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('search', ({ sql }) =>
              new ImportRepository(sql).list(tenantId, id, limit, after?.id ?? null),
            ),
          positionOf: (one) => ({ id: one.id }),
          present: presentImport,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/record-sets/:id/imports/:import_id',
      summary: 'An import and its progress',
      tag,
      access: 'records:read',
      rate: 'read',
      params: ofImport,
      responses: { 200: { description: 'The import.', body: importShape } },
      failures: ['search.import_not_found'],
      handler: async ({ params, principal }) => ({
        status: 200,
        body: presentImport(await get(principal.tenantId, params)),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/record-sets/:id/imports/:import_id/cancel',
      summary: 'End an import early',
      description:
        'No further person is stored from the answer on. With `append`, those who are stored stay, and `progress.imported` tells how ' +
        'many; with `replace` nothing of the import becomes visible. There is no report of rejected rows.',
      tag,
      access: 'records:write',
      rate: 'write',
      params: ofImport,
      idempotency: { domain: 'search', mode: 'transaction' },
      responses: { 200: { description: 'The import, cancelled.', body: importShape } },
      failures: ['search.import_not_found', 'search.import_state'],
      handler: async ({ params, principal, traceId }, transaction) => {
        const { tenantId, userId } = principal;
        const named = { recordSetId: params.id, importId: params.import_id };
        const cancelled = await cancelImport(transaction, tenantId, named, { userId, traceId });
        return { status: 200, body: presentImport(cancelled) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/record-sets/:id/imports/:import_id/events',
      summary: 'Follow an import (server-sent events)',
      description:
        'Sends `progress` with the import whenever something has changed, and `end` when it has ended; then the stream ends too.',
      tag,
      access: 'records:read',
      rate: 'read',
      params: ofImport,
      headers: { 'Last-Event-ID': 'The `id` of the last event heard.' },
      responses: { 200: { description: 'The events.', mediaType: 'text/event-stream' } },
      failures: ['search.import_not_found'],
      handler: async ({ params, principal, ctx, signal }) => {
        const given = await get(principal.tenantId, params);
        return eventStream(importEvents(feed, given, lastEventId(ctx), signal));
      },
    }),
    route({
      method: 'get',
      path: '/v1/record-sets/:id/imports/:import_id/rejected.csv',
      summary: 'The rejected rows of an import, as CSV',
      description: 'Where each stands in the file, why it was rejected, and its own columns.',
      tag,
      access: 'records:read',
      rate: 'read',
      params: ofImport,
      headers: { Range: 'One range of bytes: a broken download can go on.' },
      responses: {
        200: { description: 'The report.', mediaType: 'text/csv' },
        206: { description: 'A part of the report.', mediaType: 'text/csv' },
        416: { description: 'The range lies outside of the report.' },
      },
      failures: ['search.import_not_found', 'search.import_not_ready', 'search.import_expired'],
      handler: async ({ params, principal, ctx, signal }) => {
        const { phase, reportFile, file } = await get(principal.tenantId, params);
        if (phase === 'expired')
          throw new Failure('search.import_expired', 'The report of this import has been deleted.');
        if (!reportFile)
          throw new Failure('search.import_not_ready', `The import is ${phase}; there is no report.`, {
            state: phase,
          });
        const download = { ...reportFile, fileName: `${file.name} rejected.csv`, mediaType: 'text/csv' };
        return await downloadReply(ctx, storage, download, signal);
      },
    }),
  ];
}

/** The import once it has ended, or as it is when the time is over. */
async function endOf(
  feed: ProgressFeed<Import>,
  given: Import,
  seconds: number,
  signal: AbortSignal,
): Promise<Import> {
  const until = performance.now() + seconds * 1_000;
  let now = given;
  while (!isImportFinished(now.phase) && performance.now() < until && !signal.aborted) {
    now = (await feed.next(now.id, now.revision, until - performance.now(), signal)) ?? now;
  }
  return now;
}

async function* importEvents(
  feed: ProgressFeed<Import>,
  given: Import,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent | null> {
  let now: Import | null = given;
  let known = after;
  while (!signal.aborted) {
    if (now === null) yield null;
    else {
      const over = isImportFinished(now.phase);
      if (now.revision > known || over)
        yield { id: now.revision, event: 'progress', data: presentImport(now) };
      known = Math.max(known, now.revision);
      if (over) {
        yield { id: now.revision, event: 'end', data: { state: now.phase } };
        return;
      }
    }
    now = await feed.next(given.id, known, heartbeatMilliseconds, signal);
  }
}
