import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import assert from 'node:assert/strict';
import { describe } from '../../api/openapi.ts';
import type { Route } from '../../api/route.ts';

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

export interface Contract {
  /** Fails when an answer is not one that the OpenAPI document declares for this request. */
  check(method: string, path: string, status: number, mediaType: string, body: unknown): void;
}

/** The OpenAPI document of some routes, as a judge of their answers. */
export function contractOf(routes: readonly Route[]): Contract {
  const document = describe(routes, 'http://127.0.0.1') as unknown as {
    paths: Record<string, Record<string, Operation>>;
  };
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'https://perdure.example/openapi.json', ...document });
  const paths = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(
      `^${path.replaceAll(/[.+?^$()|[\]\\]/g, String.raw`\$&`).replaceAll(/\{[^}]+\}/g, '[^/]+')}$`,
    ),
  }));
  const validators = new Map<string, ValidateFunction>();

  const validatorOf = (pointer: string): ValidateFunction => {
    const kept = validators.get(pointer);
    if (kept) return kept;
    const made = ajv.compile({ $ref: `https://perdure.example/openapi.json#${pointer}` });
    validators.set(pointer, made);
    return made;
  };

  return {
    check(method, path, status, mediaType, body) {
      // The most literal one, as the gateway has it.
      const [found] = paths
        .filter(({ pattern }) => pattern.test(path))
        .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
      // An address, or a method of it, that is not declared: the gateway's own 404 or 405.
      if (!found || !document.paths[found.path]?.[method]) {
        assert.ok(status >= 400 && status < 500, `${method} ${path} is not declared and answered ${status}`);
        return;
      }
      const response = document.paths[found.path]?.[method]?.responses[status];
      assert.ok(response, `${method} ${found.path} does not declare the status ${status}`);
      if (!response.content) {
        assert.equal(body, undefined, `${method} ${found.path} declares no body for ${status}`);
        return;
      }
      assert.ok(
        response.content[mediaType],
        `${method} ${found.path} ${status} does not declare ${mediaType}`,
      );
      if (!/[/+]json$/.test(mediaType)) return;
      const pointer = [
        'paths',
        found.path,
        method,
        'responses',
        String(status),
        'content',
        mediaType,
        'schema',
      ]
        .map((step) => `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
        .join('');
      const validate = validatorOf(pointer);
      assert.ok(
        validate(body),
        `${method} ${found.path} ${status}: the answer is not as declared: ${JSON.stringify(validate.errors)}\n${JSON.stringify(body)}`,
      );
    },
  };
}
