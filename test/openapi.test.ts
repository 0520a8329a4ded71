import { Validator } from '@seriousme/openapi-schema-validator';
import assert from 'node:assert/strict';
import { describe as documentOf } from '../api/openapi.ts';
import { createRoutes } from '../api/routes.ts';
import type { Route } from '../api/route.ts';
import { domains } from '../domain/domains.ts';
import { startTestApi, type TestApi } from './support/api.ts';

interface Operation {
  operationId: string;
  summary?: string;
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, unknown>;
}

describe('the OpenAPI document', () => {
  let api: TestApi;
  let routes: readonly Route[];
  let document: { paths: Record<string, Record<string, Operation>>; components: { schemas: object } };
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, domains));
    routes = api.routes;
    document = structuredClone(documentOf(routes, api.url)) as unknown as typeof document;
  });
  after(() => api?.close());

  it('is valid by the schema of OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document));
    assert.ok(result.valid, JSON.stringify(result.errors, null, 2));
  });

  it('has an operation for every route and no other, each with a name of its own', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    assert.equal(operations.length, routes.length);
    const names = operations.map(({ operation }) => operation.operationId);
    const twice = names.filter((name, at) => names.indexOf(name) !== at);
    assert.deepEqual(twice, []);
  });

  it('shows an example of every JSON body, which the route itself takes', () => {
    const without: string[] = [];
    for (const route of routes) {
      if (!route.body) continue;
      const schema = jsonSchemaOf(document, route);
      const example = exampleOf(schema, document);
      const result = route.body.safeParse(example);
      if (!result.success) {
        const issues = result.error.issues.map(
          (issue) => `${issue.path.map(String).join('.')}: ${issue.message}`,
        );
        without.push(`${route.method} ${route.path}: ${issues.join('; ')} in ${JSON.stringify(example)}`);
      }
    }
    assert.deepEqual(without, []);
  });

  it('leaves nothing for a page to make up that fills bodies and forms in', () => {
    const madeUp: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { requestBody }] of Object.entries(methods)) {
        for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
          const { example, properties = {} } = resolve(schema, document);
          if (example !== undefined) continue;
          for (const [name, property] of Object.entries(properties)) {
            const { type: kind, pattern, items, ...rest } = resolve(property, document);
            const isForm = type === 'multipart/form-data';
            const risky =
              pattern ?? (items && resolve(items, document).pattern) ?? (isForm && kind === 'object');
            if (risky && rest.example === undefined) madeUp.push(`${method} ${path} ${type} ${name}`);
          }
        }
      }
    }
    assert.deepEqual(madeUp, []);
  });

  it('tells every route in one line, with a success among its answers', () => {
    for (const route of routes) {
      const name = `${route.method} ${route.path}`;
      assert.ok(route.summary.length > 0 && route.summary.length <= 80, name);
      assert.ok(
        Object.keys(route.responses).some((status) => Number(status) < 400),
        name,
      );
    }
  });
});

interface JsonSchema {
  $ref?: string;
  example?: unknown;
  examples?: unknown[];
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  type?: string;
  format?: string;
  pattern?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

function jsonSchemaOf(
  document: { paths: Record<string, Record<string, Operation>> },
  route: Route,
): JsonSchema {
  const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
  const body = document.paths[path]?.[route.method]?.requestBody;
  const schema = body?.content['application/json']?.schema;
  assert.ok(schema, `${route.method} ${route.path} has no body in the document`);
  return schema;
}

/** The value that the reference shows for a schema: its own example, or one put together from those of its members. */
function exampleOf(schema: JsonSchema, document: object): unknown {
  if (schema.$ref) return exampleOf(resolve(schema, document), document);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  const [variant] = schema.oneOf ?? schema.anyOf ?? [];
  if (variant) return exampleOf(variant, document);
  if (schema.properties) {
    const members = Object.entries(schema.properties)
      .map(([name, member]) => [name, exampleOf(member, document)] as const)
      .filter(([name, value]) => value !== undefined || schema.required?.includes(name));
    return Object.fromEntries(members);
  }
  if (schema.default !== undefined) return schema.default;
  return schema.enum?.[0];
}

function resolve({ $ref, ...rest }: JsonSchema, document: object): JsonSchema {
  if (!$ref) return rest;
  const target = $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document);
  return resolve({ ...(target as JsonSchema), ...rest }, document);
}
