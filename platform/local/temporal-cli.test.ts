import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { locateTemporalCli } from './temporal-cli.ts';
import { temporalCliVersion } from './temporal-programs.ts';

describe('finding the Temporal CLI', () => {
  let folder: string;
  let cached: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-cli-'));
    const name = `temporal-${temporalCliVersion}-${process.platform}-${process.arch}`;
    cached = await fakeCli(join('cache', name, 'temporal'), '1.32.0');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function fakeCli(path: string, server: string): Promise<string> {
    const program = join(folder, path);
    await mkdir(dirname(program), { recursive: true });
    await writeFile(program, `#!/bin/sh\necho "temporal version 1.0.0 (Server ${server}, UI 2.0.0)"\n`);
    await chmod(program, 0o755);
    return program;
  }

  const locate = (options: { cliPath?: string; searchPath?: string; onLog?: (line: string) => void }) =>
    locateTemporalCli({ cacheCandidates: [join(folder, 'cache')], ...options });

  it('takes TEMPORAL_CLI_PATH before everything else', async () => {
    const wanted = await fakeCli('mine', '1.40.1');
    const onPath = await fakeCli('bin/temporal', '1.40.1');
    assert.equal((await locate({ cliPath: wanted, searchPath: dirname(onPath) })).path, wanted);
  });

  it('refuses a TEMPORAL_CLI_PATH that is too old, no CLI, or not there', async () => {
    const old = await fakeCli('old', '1.29.1');
    await assert.rejects(locate({ cliPath: old }), /TEMPORAL_CLI_PATH .* 1\.29, and 1\.32 is the oldest/);
    await assert.rejects(locate({ cliPath: '/bin/true' }), /TEMPORAL_CLI_PATH .* doesn’t say/);
    await assert.rejects(locate({ cliPath: join(folder, 'nowhere') }), /TEMPORAL_CLI_PATH .* doesn’t run/);
  });

  it('takes one on the PATH before the cache', async () => {
    const onPath = await fakeCli('bin/temporal', '2.0.0');
    assert.equal((await locate({ searchPath: `/nowhere:${dirname(onPath)}` })).path, onPath);
  });

  it('passes over one on the PATH that is too old, and says so', async () => {
    const onPath = await fakeCli('bin/temporal', '1.31.9');
    const lines: string[] = [];
    const found = await locate({ searchPath: dirname(onPath), onLog: (line) => lines.push(line) });
    assert.equal(found.path, cached);
    assert.deepEqual(lines, [`${onPath} is not used: its server is 1.31, and 1.32 is the oldest we can use`]);
  });

  it('takes the cached one when there is none on the PATH', async () => {
    assert.deepEqual(await locate({ searchPath: '/nowhere' }), { path: cached, source: 'the cache' });
  });
});
