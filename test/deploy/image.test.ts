import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readText, root } from '../support/compose-file.ts';

/** What is started in the image: by the compose file, by its build, and by operators. */
const programs = [
  'api/main.ts',
  'workers/main.ts',
  'workers/build-bundle.ts',
  'workers/promote.ts',
  'db/migrate-main.ts',
  'scripts/make-operator.ts',
  'workflows/index.ts',
  'platform/images/image-program.ts',
];

/** Imports of values, not of types: those are gone when a program runs. */
const importOf = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm;

/** The modules that programs need, by their paths, and the packages with a module that imports them. */
function needsOf(entries: readonly string[]): { modules: Set<string>; packages: Map<string, string> } {
  const modules = new Set<string>();
  const packages = new Map<string, string>();
  const visit = (path: string): void => {
    if (modules.has(path)) return;
    modules.add(path);
    for (const [, name = ''] of readText(path).matchAll(importOf)) {
      if (name.startsWith('.')) visit(join(dirname(path), name));
      else if (!name.startsWith('node:')) {
        packages.set(
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
          path,
        );
      }
    }
  };
  for (const entry of entries) visit(entry);
  return { modules, packages };
}

/** Whether a file gets into the build context; the last pattern of .dockerignore that fits decides. */
function isCopied(path: string): boolean {
  const patterns = readText('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  let copied = true;
  for (const line of patterns) {
    const pattern = line.replace(/^!/, '');
    const source = pattern
      .replaceAll('.', String.raw`\.`)
      .replaceAll('**/', '(?:.+/)?')
      .replaceAll(/(?<!\))\*/g, '[^/]*');
    // A folder stands for all that is in it.
    if (new RegExp(`^${source}(?:/.*)?$`).test(path)) copied = line.startsWith('!');
  }
  return copied;
}

describe('The container image', () => {
  const { modules, packages } = needsOf(programs);

  it('has every module that its programs need, and files that they read', () => {
    assert.ok(modules.size > 200);
    const read = [
      'data/nicknames/names.csv',
      'platform/images/fonts.conf',
      'api/identity/page/account.html',
      'package-lock.json',
    ];
    for (const path of [...modules, ...read]) {
      assert.ok(existsSync(join(root, path)), path);
      assert.ok(isCopied(path), `${path} is left out by .dockerignore`);
    }
  });

  it('has every package that its programs need: none is for development alone', () => {
    const { dependencies } = JSON.parse(readText('package.json')) as {
      dependencies: Record<string, string>;
    };
    for (const [name, by] of packages) assert.ok(name in dependencies, `${by} imports ${name}`);
  });

  it('has no tests, documents, local servers or secrets', () => {
    for (const path of [
      'api/run.test.ts',
      'test/openapi.test.ts',
      'docs/search.md',
      'platform/local/postgres.ts',
      'node_modules/koa/package.json',
      'data/febrl/dataset4a.csv',
      'scripts/start.ts',
      '.env',
      'deploy/.env.example',
      '.git/config',
    ]) {
      assert.ok(!isCopied(path), path);
    }
  });
});
