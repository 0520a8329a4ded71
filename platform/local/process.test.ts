import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts';
import { startTethered, type TetheredProcess } from './process.ts';

const node = process.execPath;
const stubborn = `
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log(signal));
  setInterval(() => {}, 1000);
  console.log('up');
`;

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await pause(20);
}

describe('a tethered process', () => {
  const started: TetheredProcess[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) {
      one.kill();
      await one.exited;
    }
  });

  async function start(script: string, stop?: { signal: NodeJS.Signals; wait: number }[]) {
    const lines: string[] = [];
    const running = await startTethered({
      name: 'test',
      command: node,
      args: ['-e', script],
      onLine: (line) => lines.push(line),
      ...(stop ? { stop } : {}),
    });
    started.push(running);
    return { running, lines };
  }

  it('has the process number of the program itself and tells how it ended', async () => {
    const { running, lines } = await start('console.log(process.pid); process.exitCode = 7');
    assert.deepEqual(await running.exited, { code: 7, signal: null });
    assert.deepEqual(lines, [String(running.pid)]);
  });

  it('ends with 127 when there is no such program', async () => {
    const running = await startTethered({ name: 'test', command: '/nowhere/program', args: [] });
    assert.equal((await running.exited).code, 127);
  });

  it('is ended by its stop steps, and by SIGKILL when it ignores them', async () => {
    const { running, lines } = await start(stubborn, [
      { signal: 'SIGINT', wait: 0.3 },
      { signal: 'SIGTERM', wait: 0.3 },
    ]);
    await until(() => lines.includes('up'));
    assert.deepEqual(await running.stop(), { code: null, signal: 'SIGKILL' });
    assert.deepEqual(lines, ['up', 'SIGINT', 'SIGTERM']);
  });

  it('takes what it has started with it', async () => {
    const { running, lines } = await start(`
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      child.once('spawn', () => console.log(child.pid));
      setInterval(() => {}, 1000);
    `);
    await until(() => lines.length === 1);
    const child = await identifyProcess(Number(lines[0]));
    assert.ok(child);
    await running.stop();
    await until(async () => !(await isRunning(child)));
  });

  it('is not reached by a signal to our own process group', async () => {
    const { running, lines } = await start(stubborn, [{ signal: 'SIGTERM', wait: 0.1 }]);
    await until(() => lines.includes('up'));
    // The group's number is its own process number, so it is in no group of ours.
    process.kill(-running.pid, 0);
  });

  it('ends when whoever started it is killed with kill -9, even if it ignores the first signals', async () => {
    const parent = spawn(node, [
      '--input-type=module-typescript',
      '-e',
      `import { startTethered } from ${JSON.stringify(fileURLToPath(new URL('./process.ts', import.meta.url)))};
       const child = await startTethered({ name: 'x', command: process.execPath, args: ['-e', ${JSON.stringify(stubborn)}],
         stop: [{ signal: 'SIGINT', wait: 1 }, { signal: 'SIGTERM', wait: 1 }], onLine: (line) => console.log(child.pid, line) });
      `,
    ]);
    let identity: ProcessIdentity | null = null;
    for await (const line of createInterface({ input: parent.stdout })) {
      identity = await identifyProcess(Number(line.split(' ')[0]));
      break;
    }
    assert.ok(identity);
    const child = identity;
    const killed = once(parent, 'exit');
    parent.kill('SIGKILL');
    await killed;
    await until(async () => !(await isRunning(child)));
  });
});
