import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identifyProcess, isRunning } from '../../platform/local/process-identity.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const lock = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '1.0.0', optional: true },
  },
};

/** Stands in for npm: writes down how it was called, and installs what the lock file says, after a moment. */
const fakeNpm = `
  const fs = require('node:fs');
  fs.appendFileSync('npm-calls', process.argv[2] + '\\n');
  setTimeout(() => {
    fs.mkdirSync('node_modules/.bin', { recursive: true });
    if (!fs.existsSync('node_modules/.bin/node')) fs.symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/.bin/node');
    const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
    fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/a': packages['node_modules/a'] } }));
    if (fs.existsSync('npm-fails')) { console.error('npm says why'); process.exit(3); }
  }, 300);
`;

describe('the bootstrap', () => {
  let root: string;
  const running: ChildProcess[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'perdure-bootstrap-'));
    for (const file of ['scripts/bootstrap.mjs', 'platform/local/tether.sh']) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await copyFile(join(repository, file), join(root, file));
    }
    await writeFile(join(root, 'npm-cli.js'), fakeNpm);
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  });
  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(root, { recursive: true, force: true });
  });

  async function run(script: string, ...args: string[]) {
    await writeFile(join(root, 'script.cjs'), script);
    const child = spawn(process.execPath, ['scripts/bootstrap.mjs', 'script.cjs', ...args], {
      cwd: root,
      env: { ...process.env, npm_execpath: join(root, 'npm-cli.js') },
    });
    running.push(child);
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    }
    const closed = once(child, 'close').then(([code]) => code as number);
    return { child, output, closed };
  }

  const calls = async () => (await readFile(join(root, 'npm-calls'), 'utf8')).trim().split('\n');

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await pause(20);
  }

  it('installs once when two begin at the same time, and then runs both scripts', async () => {
    const script = 'console.log(process.argv[2]); process.exitCode = Number(process.argv[2])';
    const both = await Promise.all([run(script, '5'), run(script, '6')]);
    assert.deepEqual(await Promise.all(both.map(({ closed }) => closed)), [5, 6]);
    assert.deepEqual(await calls(), ['ci']);
    assert.equal(await (await run(script, '7')).closed, 7);
    assert.deepEqual(await calls(), ['ci']);
  });

  it('updates in place when the lock file has changed, so that nothing that runs loses its packages', async () => {
    await (
      await run('')
    ).closed;
    const changed = { packages: { ...lock.packages, 'node_modules/a': { version: '1.0.1' } } };
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(changed));
    assert.equal(await (await run('')).closed, 0);
    assert.deepEqual(await calls(), ['ci', 'install']);
  });

  it('begins again after an install that was killed', async () => {
    await mkdir(join(root, 'node_modules', '.bin'), { recursive: true });
    await symlink(process.execPath, join(root, 'node_modules', '.bin', 'node'));
    await mkdir(join(root, '.data'));
    await writeFile(join(root, '.data', 'install.lock'), '4194300 1');
    assert.equal(await (await run('')).closed, 0);
    assert.deepEqual(await calls(), ['ci']);
  });

  it('shows what npm said when it fails', async () => {
    await writeFile(join(root, 'npm-fails'), '');
    const { closed, output } = await run('');
    assert.equal(await closed, 1);
    assert.match(output.text, /npm says why[^]*npm ci failed with code 3/);
  });

  it('hands signals on, once', async () => {
    const { child, closed, output } = await run(`
      process.on('SIGINT', () => { console.log('SIGINT'); setTimeout(() => process.exit(4), 200); });
      setInterval(() => {}, 1000);
      console.log('up');
    `);
    await until(() => output.text.includes('up'));
    child.kill('SIGINT');
    assert.equal(await closed, 4);
    assert.equal(output.text.match(/SIGINT/g)?.length, 1);
  });

  it('ends the script when it is killed itself', async () => {
    const { child, output } = await run('setInterval(() => {}, 1000); console.log(`pid ${process.pid}.`)');
    await until(() => /pid \d+\./.test(output.text));
    const script = await identifyProcess(Number(/pid (\d+)\./.exec(output.text)?.[1]));
    assert.ok(script);
    child.kill('SIGKILL');
    await until(async () => !(await isRunning(script)));
  });
});
