import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { scopes } from '../domain/identity/scopes.ts';
import { errorKinds, type ErrorKind } from '../domain/errors.ts';
import { statusOf } from './errors.ts';
import type { ResponseDeclaration, Route } from './route.ts';

/** An error as RFC 9457 tells it. */
const problemSchema = z
  .looseObject({
    type: z
      .string()
      .meta({ description: 'A URN of the code.', example: 'urn:perdure:error:request.invalid' }),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; act on this one.', example: 'request.invalid' }),
    detail: z.string(),
    trace_id: z.string().meta({ description: 'Names this request in our logs.' }),
    issues: z
      .array(z.object({ pointer: z.string().meta({ example: '/body/email' }), message: z.string() }))
      .optional()
      .meta({ description: 'Everything that is wrong with the input, each with its place (RFC 6901).' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' });

const rateHeaders = {
  'RateLimit-Limit': 'Requests allowed in the window of the tightest limit.',
  'RateLimit-Remaining': 'Requests left in it.',
  'RateLimit-Reset': 'Seconds until it is whole again.',
  'X-Trace-Id': 'Names this request in our logs.',
};

/** The OpenAPI 3.1 document of the declared routes. */
export function describe(routes: readonly Route[], serverUrl: string) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const path = route.path
      .replaceAll(/:(\w+)(?:\([^)]*\))?/g, '{$1}')
      .replaceAll(/\{\/\*(\w+)\}|\*(\w+)/g, '{$1$2}');
    (paths[path] ??= {})[route.method] = operationOf(route, path);
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Perdure',
      version: '1',
      description:
        'Durable business processes: every long-running process is started, steered and read through this API. ' +
        'Errors are `application/problem+json` (RFC 9457). Send an `Idempotency-Key` with every POST that you may have to repeat. ' +
        'Lists are read by cursor. A caller only ever sees its own organisation: what belongs to another one is a 404.',
    },
    // The host that the document came from stands first, so that the page beside it may try every request.
    servers: [{ url: '/' }, { url: serverUrl }],
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token from `POST /v1/sessions`.',
        },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'API key',
          description: 'An API key (`pk_…`) from `POST /v1/api-keys`.',
        },
      },
      schemas: { Problem: problemSchema },
    },
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
  });
}

function operationOf(route: Route, path: string): ZodOpenApiOperationObject {
  const protectedRoute = route.access !== 'public';
  const operation: ZodOpenApiOperationObject = {
    operationId: operationId(route.method, path),
    summary: route.summary,
    tags: [route.tag],
    responses: responsesOf(route),
    security: protectedRoute ? [{ accessToken: [] }, { apiKey: [] }] : [],
  };
  operation.description = [
    route.description,
    protectedRoute && scopes.includes(route.access as never)
      ? `Needs the scope \`${route.access}\`${route.orAccess ? ` or \`${route.orAccess}\`` : ''}.`
      : null,
    route.failures?.length ? `Fails with ${route.failures.map((code) => `\`${code}\``).join(', ')}.` : null,
  ]
    .filter(Boolean)
    .join('\n\n');
  const header = headersOf(route);
  if (route.params || route.query || header) {
    operation.requestParams = {
      ...(route.params ? { path: route.params } : {}),
      ...(route.query ? { query: route.query } : {}),
      ...(header ? { header } : {}),
    };
  }
  if (route.body)
    operation.requestBody = {
      required: !route.body.safeParse(undefined).success,
      content: { 'application/json': { schema: route.body } },
    };
  if (route.rawBody) {
    const { schema, mediaTypes, description } = route.rawBody;
    const schemaOf = (type: string) => (schema instanceof z.ZodType ? schema : schema?.[type]) ?? bytes;
    operation.requestBody = {
      required: true,
      description,
      content: Object.fromEntries(mediaTypes.map((type) => [type, { schema: schemaOf(type) }])),
    };
  }
  return operation;
}

const bytes = z.string().meta({ format: 'binary' });

function headersOf(route: Route): z.ZodObject | undefined {
  const headers: Record<string, z.ZodType> = {};
  if (route.idempotency) {
    headers['Idempotency-Key'] = z
      .string()
      .max(255)
      .optional()
      .meta({
        description:
          'The same key with the same body gets the same answer for 24 hours; with another body, a 422.' +
          (route.idempotency.showsSecret ? ' The secret in it is stored sealed.' : ''),
      });
  }
  if (route.ifMatch) {
    headers['If-Match'] = z
      .string()
      .optional()
      .meta({ description: 'The `ETag` that the edit is based on. Another state answers 412.' });
  }
  for (const [name, description] of Object.entries(route.headers ?? {})) {
    headers[name] = z.string().optional().meta({ description });
  }
  return Object.keys(headers).length > 0 ? z.object(headers) : undefined;
}

/** `GET /v1/batches/{id}` → `getBatchesById`, stable as long as the address is. */
function operationId(method: string, path: string): string {
  const words = path
    .replace(/^\/v1/, '')
    .split(/[/{}.:-]+/)
    .filter(Boolean)
    .map((word, index, all) => (path.includes(`{${word}}`) && index === all.length - 1 ? `By ${word}` : word))
    .join(' ')
    .split(/[ _]+/);
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function responsesOf(route: Route): ZodOpenApiOperationObject['responses'] {
  const responses: Record<string, object> = {};
  for (const status of errorStatusesOf(route)) {
    responses[status] = {
      description: STATUS_CODES[status] ?? 'Error',
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  for (const [status, response] of Object.entries(route.responses)) responses[status] = responseOf(response);
  return responses as ZodOpenApiOperationObject['responses'];
}

/** The statuses that the gateway or the route's own failures can answer with. */
function errorStatusesOf(route: Route): number[] {
  const kinds = new Set<ErrorKind>(['rate_limited', 'unavailable', 'unauthorized']);
  // Since a caller was recognised, up to five seconds ago, its account or its organisation may have gone.
  if (route.access !== 'public') kinds.add('forbidden').add('not_found');
  if (route.params) kinds.add('not_found');
  if (route.query || route.body || route.rawBody || route.idempotency) kinds.add('validation');
  if (route.body || route.rawBody) kinds.add('too_large').add('unsupported_media');
  if (route.body) kinds.add('timeout');
  if (route.idempotency) kinds.add('conflict').add('unprocessable');
  if (route.ifMatch) kinds.add('precondition_failed');
  for (const code of route.failures ?? []) kinds.add(errorKinds[code]);
  return [...[...kinds].map(statusOf), 500].sort((a, b) => a - b);
}

function responseOf(response: ResponseDeclaration): object {
  const headers = Object.fromEntries(
    Object.entries({ ...rateHeaders, ...response.headers }).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );
  const types = response.mediaType ?? (response.body ? 'application/json' : []);
  const content = Object.fromEntries(
    [types].flat().map((type) => [type, { schema: response.body ?? z.string() }]),
  );
  return {
    description: response.description,
    headers,
    ...(Object.keys(content).length > 0 ? { content } : {}),
  };
}
