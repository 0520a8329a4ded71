import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../db/migrate.ts';
import { cacheCandidates } from '../../platform/local/local-settings.ts';
import { freePort } from '../../platform/ports.ts';
import { startPostgres, type LocalPostgres } from '../../platform/local/postgres.ts';
import { locateTemporalCli } from '../../platform/local/temporal-cli.ts';
import { startTemporal, type LocalTemporal } from '../../platform/local/temporal.ts';
import { compileCache } from '../support/compile-cache.ts';
import { closeAfterRun, runFolder } from '../support/run.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A program of ours, as it is deployed. */
interface Program {
  /** The exit code. */
  ended: Promise<number | null>;
  running(): boolean;
  said(): string;
  kill(signal: NodeJS.Signals): void;
}

describe('the API and the worker, as processes', () => {
  let folder: string;
  let postgres: LocalPostgres;
  let temporal: LocalTemporal | null = null;
  let cli: string;
  let ports: { api: number; worker: number; temporal: number };
  let env: NodeJS.ProcessEnv;
  let api: Program;
  let worker: Program;

  const startDatabase = (port = 0) =>
    startPostgres({ dataDir: join(folder, 'postgres'), port, durable: false });
  const restartDatabase = async () => {
    postgres = await startDatabase(postgres.port);
  };
  const killDatabase = async () => {
    postgres.kill();
    await postgres.exited;
    await postgres.stop();
  };
  const startService = async () => {
    const options = { program: cli, dbFile: join(folder, 'temporal.db'), port: ports.temporal };
    temporal = await startTemporal({ ...options, uiPort: null, logLevel: 'error' });
  };
  const killService = async () => {
    temporal?.kill();
    await temporal?.stop();
    temporal = null;
  };
  const start = (script: string): Program => {
    // One domain is enough: each further one has a thread of its own, which takes its time to start.
    const child = spawn(process.execPath, [join(root, script), '--domains', 'search'], { env, cwd: root });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part));
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    closeAfterRun(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return {
      ended,
      running: () => child.exitCode === null && child.signalCode === null,
      said: () => Buffer.concat(output).toString(),
      kill: (signal) => child.kill(signal),
    };
  };
  const ready = async (port: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/ready`);
    const { parts } = (await response.json()) as { parts: Record<string, string> };
    return { status: response.status, parts };
  };
  const untilReady = (port: number) => until(async () => (await ready(port)).status === 200);

  before(async () => {
    folder = await mkdtemp(join(await runFolder(), 'processes-'));
    postgres = await startDatabase();
    await migrate(() => postgres.url);
    const located = await locateTemporalCli({
      searchPath: process.env['PATH'],
      cliPath: process.env['TEMPORAL_CLI_PATH'],
      cacheCandidates: cacheCandidates(
        { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] },
        join(root, '.data'),
      ),
    });
    cli = located.path;
    ports = { api: await freePort(), worker: await freePort(), temporal: await freePort() };
    env = {
      PATH: process.env['PATH'],
      ...compileCache,
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
      STORAGE_DIR: join(folder, 'storage'),
      STORAGE_SIGNING_SECRET: 'a secret of the test, long enough',
      SMTP_URL: 'smtp://127.0.0.1:1',
      ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
      PORT: String(ports.api),
      METRICS_PORT: String(ports.worker),
      LOG_LEVEL: 'warn',
      WORKER_NICENESS: '0',
    };
  });
  after(async () => {
    await killService();
    await postgres.stop();
  });

  it('a worker without Temporal says so and ends; the API starts', async () => {
    worker = start('workers/main.ts');
    api = start('api/main.ts');
    assert.equal(await worker.ended, 1);
    assert.match(worker.said(), /Connection refused/);
    await untilReady(ports.api);
    assert.equal((await ready(ports.api)).parts['temporal'], 'down');
  });

  it('a second one on the same port says so and ends', async () => {
    await startService();
    worker = start('workers/main.ts');
    await untilReady(ports.worker);
    for (const program of [start('workers/main.ts'), start('api/main.ts')]) {
      assert.equal(await program.ended, 1);
      assert.match(program.said(), /EADDRINUSE/);
    }
  }).timeout(180_000);

  it('outlive PostgreSQL, and serve again when it is back', async () => {
    for (let round = 0; round < 2; round += 1) {
      await killDatabase();
      assert.equal((await ready(ports.api)).status, 503);
      assert.equal((await ready(ports.worker)).status, 503);
      await restartDatabase();
      await Promise.all([untilReady(ports.api), untilReady(ports.worker)]);
    }
  });

  it('outlive Temporal, and serve again when it is back', async () => {
    await killService();
    await until(async () => (await ready(ports.worker)).status === 503);
    assert.equal((await ready(ports.api)).status, 200);
    await startService();
    await untilReady(ports.worker);
  });

  it('end in order when told to, although everything they need is gone', async () => {
    await killService();
    await killDatabase();
    assert.ok(api.running() && worker.running(), `${api.said()}\n${worker.said()}`);
    api.kill('SIGTERM');
    worker.kill('SIGTERM');
    const codes = await Promise.all([api.ended, worker.ended]);
    assert.deepEqual(codes, [0, 0], `${api.said()}\n${worker.said()}`);
  });
});
