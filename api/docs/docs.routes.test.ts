import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { startTestApi, type TestApi } from '../../test/support/api.ts';
import { createAccountPageRoutes } from '../identity/page.routes.ts';
import { createDocsRoutes } from './docs.routes.ts';

describe('pages', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi(() => [
      ...createAccountPageRoutes(),
      ...createDocsRoutes([], 'http://127.0.0.1'),
    ]);
  });
  after(() => api?.close());

  it('run scripts of ours alone, and stand in no frame', async () => {
    const policies: Record<string, string> = {};
    for (const path of ['/docs', '/account/verify']) {
      const { status, headers, body } = await api.client.get(path);
      assert.equal(status, 200);
      policies[path] = headers.get('content-security-policy') ?? '';
      assert.match(policies[path], /frame-ancestors 'none'/, path);
      assert.doesNotMatch(policies[path], /script-src[^;]*(?:unsafe-inline|unsafe-eval|\*|https?:)/, path);
      assert.match(policies[path], /default-src '(?:none|self)'/, path);
      for (const [, script = ''] of String(body).matchAll(/<script>([\s\S]*?)<\/script>/g)) {
        const hash = createHash('sha256').update(script).digest('base64');
        assert.ok(
          policies[path].includes(`'sha256-${hash}'`),
          `${path} has an inline script that its policy forbids`,
        );
      }
      assert.doesNotMatch(String(body), /\son\w+=|(?:src|href)="(?:https?:)?\/\//, path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
    }
  });

  it('have their parts served as what they are', async () => {
    for (const [name, type] of [
      ['start.js', 'text/javascript'],
      ['swagger-ui.css', 'text/css'],
      ['favicon-32x32.png', 'image/png'],
    ]) {
      const { status, headers } = await api.client.get(`/docs/assets/${name}`);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type')?.split(';')[0], type);
    }
    for (const name of ['..%2f..%2fpackage.json', 'swagger-ui.css%00.js', 'package.json']) {
      assert.equal((await api.client.get(`/docs/assets/${name}`)).status, 404, name);
    }
  });
});
