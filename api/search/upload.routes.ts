import { z } from 'zod';
import { isUploadOpen } from '../../db/search/upload.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { attachmentDisposition } from '../../platform/storage/content-disposition.ts';
import { verifyObjectUrl, type ObjectGrant } from '../../platform/storage/signed-url.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { shownName } from './form.ts';
import { IncomingFiles, maxFileBytes } from './incoming-files.ts';

const newUpload = z.strictObject({
  file_name: z.string().min(1).max(500).meta({ example: 'customers.csv' }),
  content_type: z
    .string()
    .max(100)
    .regex(/^[\w.+-]+\/[\w.+-]+$/)
    .default('application/octet-stream')
    .meta({ description: 'The upload must carry it as its `Content-Type`.', example: 'text/csv' }),
});

const upload = z
  .object({
    id: z.uuid(),
    expires_at: z.iso.datetime().meta({ description: 'An upload that nothing has used by then is deleted.' }),
    max_bytes: z.int(),
    request: z
      .object({
        method: z.literal('PUT'),
        url: z.url(),
        headers: z.record(z.string(), z.string()),
        expires_at: z.iso.datetime(),
      })
      .meta({ description: 'Send the file with exactly this request; it needs no credentials.' }),
  })
  .meta({ id: 'Upload' });

/** Uploads that go straight to the object storage, and the links of the folder that stands for it on one machine. */
export function createUploadRoutes(services: Services): Route[] {
  const files = new IncomingFiles(services);
  return [
    route({
      method: 'post',
      path: '/v1/uploads',
      summary: 'Prepare the upload of a file',
      description:
        'For large files: the answer holds a request that sends the file straight to the object storage. Then name the ' +
        'upload’s id in `POST /v1/batches` or in an import.',
      tag: 'Uploads',
      access: 'batches:write',
      orAccess: 'records:write',
      rate: 'upload',
      body: newUpload,
      responses: { 201: { description: 'Where to send the file.', body: upload } },
      handler: async ({ principal, body }) => {
        const prepared = await files.prepare(principal, shownName(body.file_name), body.content_type);
        const { url, headers, expiresAt } = prepared.request;
        return {
          status: 201,
          body: {
            id: prepared.id,
            expires_at: prepared.expiresAt.toISOString(),
            max_bytes: maxFileBytes,
            request: { method: 'PUT', url, headers, expires_at: expiresAt.toISOString() },
          },
        };
      },
    }),
    ...(services.config.STORAGE_DIR ? createObjectRoutes(services) : []),
  ];
}

/** Told for the reference's sake: what counts is the link, whole and signed. */
const objectKey = z.object({
  key: z.string().meta({ description: 'The rest of the address, with its slashes.' }),
});

/** The signed links of the folder storage. On S3, links lead to the bucket, and these routes are not there. */
function createObjectRoutes({ config, storage, database }: Services): Route[] {
  const grantOf = <M extends ObjectGrant['method']>(
    { ctx }: Request<unknown, unknown, unknown, unknown>,
    method: M,
  ): Extract<ObjectGrant, { method: M }> => {
    const grant = verifyObjectUrl(config.STORAGE_SIGNING_SECRET ?? '', ctx.method, ctx.originalUrl);
    if (grant.method !== method)
      throw new Failure('storage.link_invalid', 'This link is for another method.');
    return grant as Extract<ObjectGrant, { method: M }>;
  };
  return [
    route({
      method: 'put',
      path: '/v1/objects/*key',
      summary: 'Send a file by a signed link',
      tag: 'Uploads',
      access: 'public',
      rate: 'upload',
      params: objectKey,
      rawBody: { mediaTypes: ['application/octet-stream'], description: 'The file, as the link says.' },
      responses: { 200: { description: 'Stored.' } },
      failures: [
        'storage.full',
        'storage.link_invalid',
        'storage.link_expired',
        'storage.object_too_large',
        'search.upload_used',
      ],
      handler: async (request) => {
        const { ctx, signal } = request;
        const { key, maxBytes, contentType } = grantOf(request, 'PUT');
        if (ctx.get('content-type') !== contentType)
          throw new Failure('storage.link_invalid', `Send the file as ${contentType}.`);
        if (!(await database.read('search', ({ sql }) => isUploadOpen(sql, key))))
          throw new Failure('search.upload_used', 'The file of this upload is in use already.');
        if ((ctx.request.length ?? 0) > maxBytes)
          throw new Failure('storage.object_too_large', `The file is larger than ${maxBytes} bytes.`);
        // Whoever stops reading it would else end the connection, and nobody could be answered.
        const content = ctx.req.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
        await storage.put(key, content, { contentType, maxBytes, signal });
        return { status: 200 };
      },
    }),
    route({
      method: 'get',
      path: '/v1/objects/*key',
      summary: 'Fetch a file by a signed link',
      tag: 'Uploads',
      access: 'public',
      rate: 'read',
      params: objectKey,
      responses: { 200: { description: 'The file.', mediaType: 'application/octet-stream' } },
      failures: ['storage.link_invalid', 'storage.link_expired', 'storage.object_not_found'],
      handler: async (request) => {
        const { key, filename } = grantOf(request, 'GET');
        const content = await storage.get(key, { signal: request.signal });
        return {
          status: 200,
          headers: { 'Content-Disposition': attachmentDisposition(filename) },
          // Whatever it is, it is data: a browser must not take it for a page of ours.
          stream: { content, mediaType: 'application/octet-stream' },
        };
      },
    }),
  ];
}
