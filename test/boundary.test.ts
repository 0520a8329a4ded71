import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from '../workers/bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the linter says of a file with this import, put where the domain's files lie. */
function lint(folder: string, source: string): string {
  const path = join(root, folder, `boundary-probe-${process.pid}.ts`);
  writeFileSync(path, `${source}\n`);
  try {
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), [path], {
      cwd: root,
      encoding: 'utf8',
    });
    return stdout;
  } finally {
    rmSync(path);
  }
}

describe('the dependency rule', () => {
  const forbidden: [folder: string, source: string][] = [
    ['workflows/search', `export * from '../../db/sql.ts';`],
    ['workflows/search', `export * from '../../activities/services.ts';`],
    ['workflows/search', `export { readFileSync } from 'node:fs';`],
    ['workflows/search', `export { z } from 'zod';`],
    ['workflows/search', `export const now = process.env;`],
    ['domain/search', `export * from '../../platform/config.ts';`],
    ['domain/search', `export { readFileSync } from 'node:fs';`],
    ['db/search', `export * from '../../api/app.ts';`],
    ['services/search', `export * from '../../activities/services.ts';`],
    ['activities/search', `export * from '../../api/app.ts';`],
    ['activities/search', `export * from '../../workflows/index.ts';`],
    ['api/search', `export * from '../../workers/relay.ts';`],
    ['api/search', `export * from '../../activities/services.ts';`],
    ['platform', `export * from '../db/sql.ts';`],
  ];
  for (const [folder, source] of forbidden) {
    it(`keeps ${folder} from: ${source}`, () => {
      assert.match(lint(folder, source), /eslint\(no-restricted-(imports|globals)\)/);
    });
  }

  it('lets a domain use what it may', () => {
    assert.doesNotMatch(
      lint('workflows/search', `export * from '../../domain/failure.ts';`),
      /no-restricted/,
    );
    assert.doesNotMatch(
      lint('api/search', `export * from '../../workflows/search/messages.ts';`),
      /no-restricted/,
    );
  });

  it('bundles the workflows without anything of Node, the database or the network', async () => {
    const { code } = await bundleWorkflows();
    const modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map((module) => module[1] ?? '');
    assert.ok(
      modules.includes('./workflows/platform/clean-domain.ts'),
      `modules are recognised: ${modules.join()}`,
    );
    const ours = /^\.\/(workflows|domain)\//;
    // A `?` is what the bundler puts in the place of a module that it leaves out.
    const temporal =
      /^(\.\/node_modules\/(@temporalio|long|ms|nexus-rpc|@bufbuild|@ungap|protobufjs|@protobufjs)\/|\?)/;
    assert.deepEqual(
      modules.filter((module) => !ours.test(module) && !temporal.test(module)),
      [],
    );
  }).timeout(180_000);
});
