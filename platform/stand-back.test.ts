import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startTethered, type TetheredProcess } from './local/process.ts';
import { until } from '../test/support/until.ts';

/** Where the kernel has no groups, there is nothing to stand in. */
const hasGroups = existsSync('/proc/self/autogroup');
const module = JSON.stringify(fileURLToPath(new URL('./stand-back.ts', import.meta.url)));

describe('a process that stands back', () => {
  const started: TetheredProcess[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) {
      one.kill();
      await one.exited;
    }
  });

  async function start(script: string, niceness?: number): Promise<number> {
    const lines: string[] = [];
    const program = { name: 'test', command: process.execPath, args: ['--input-type=module', '-e', script] };
    const running = await startTethered({
      ...program,
      ...(niceness === undefined ? {} : { niceness }),
      onLine: (line) => lines.push(line),
    });
    started.push(running);
    await until(() => lines.includes('up'));
    return running.pid;
  }

  async function nicenessOf(pid: number): Promise<{ own: number; session: number }> {
    const own = getPriority(pid);
    if (!hasGroups) return { own, session: own };
    const [, session] = /nice (-?\d+)/.exec(await readFile(`/proc/${pid}/autogroup`, 'utf8')) ?? [];
    return { own, session: Number(session) };
  }

  const wait = `console.log('up'); setInterval(() => {}, 1000);`;

  it('does so with its session, as somebody else has told it or by itself', async () => {
    assert.deepEqual(await nicenessOf(await start(wait, 5)), { own: 5, session: 5 });
    const byItself = await start(
      `const { standBack } = await import(${module}); await standBack(7); ${wait}`,
    );
    assert.deepEqual(await nicenessOf(byItself), { own: 7, session: 7 });
    assert.deepEqual(await nicenessOf(await start(wait)), { own: getPriority(), session: 0 });
  });

  it('never comes forward', async () => {
    const script = `const { standBack } = await import(${module}); await standBack(3); ${wait}`;
    assert.deepEqual(await nicenessOf(await start(script, 6)), { own: 6, session: 6 });
  });

  it('leaves the session alone that is somebody else’s', async () => {
    const inner = `const { standBack } = await import(${module}); await standBack(9); process.exit(0);`;
    const outer = `
      const { spawnSync } = await import('node:child_process');
      const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(inner)}]);
      if (status === 0) ${wait}`;
    assert.deepEqual(await nicenessOf(await start(outer)), { own: getPriority(), session: 0 });
  });
});
