import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { describe } from '../openapi.ts';
import { route, type Route } from '../route.ts';

const uiFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const assets = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
} as const;

const page = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Perdure API</title>
  <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
  <link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
  <style>body { margin: 0 } .topbar { display: none }</style>
</head>
<body>
  <div id="reference"></div>
  <script src="/docs/assets/swagger-ui-bundle.js"></script>
  <script src="/docs/assets/start.js"></script>
</body>
</html>
`;

const start = `SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#reference', deepLinking: true, persistAuthorization: true,
  tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list', filter: true,
  defaultModelsExpandDepth: 0, validatorUrl: null,
});
`;

/** Nothing of the page comes from elsewhere, and nothing inline runs. */
const pagePolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The OpenAPI document, and the page that renders it so that every request can be tried. */
export function createDocsRoutes(routes: readonly Route[], publicUrl: string): Route[] {
  const own: Route[] = [];
  let document: string | undefined;
  own.push(
    route({
      method: 'get',
      path: '/openapi.json',
      summary: 'The OpenAPI 3.1 document of this API',
      tag: 'System',
      access: 'public',
      rate: 'system',
      responses: { 200: { description: 'The document.', body: z.looseObject({ openapi: z.string() }) } },
      handler: async () => {
        document ??= JSON.stringify(describe([...routes, ...own], publicUrl));
        return { status: 200, stream: { content: Readable.from([document]), mediaType: 'application/json' } };
      },
    }),
    route({
      method: 'get',
      path: '/docs',
      summary: 'The interactive reference',
      tag: 'System',
      access: 'public',
      rate: 'system',
      responses: { 200: { description: 'A page.', mediaType: 'text/html' } },
      handler: async () => ({
        status: 200,
        headers: { 'Content-Security-Policy': pagePolicy },
        stream: { content: Readable.from([page]), mediaType: 'text/html; charset=utf-8' },
      }),
    }),
    route({
      method: 'get',
      path: '/docs/assets/:name',
      summary: 'A part of the interactive reference',
      tag: 'System',
      access: 'public',
      rate: 'system',
      params: z.object({ name: z.enum([...(Object.keys(assets) as (keyof typeof assets)[]), 'start.js']) }),
      responses: {
        200: { description: 'A file.', mediaType: Object.values(assets) },
      },
      handler: async ({ params: { name } }) => {
        const headers = { 'Cache-Control': 'public, max-age=3600' };
        if (name === 'start.js') {
          return {
            status: 200,
            headers,
            stream: { content: Readable.from([start]), mediaType: 'text/javascript' },
          };
        }
        return {
          status: 200,
          headers,
          stream: { content: createReadStream(join(uiFolder, name)), mediaType: assets[name] },
        };
      },
    }),
  );
  return own;
}
