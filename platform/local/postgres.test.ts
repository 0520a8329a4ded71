import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { createDatabase, dropDatabase } from './postgres-databases.ts';
import { startPostgres, type LocalPostgres, type PostgresOptions } from './postgres.ts';
import { identifyProcess } from './process-identity.ts';
import { LockHeld } from './process-lock.ts';

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('the local PostgreSQL', () => {
  let folder: string;
  const running: LocalPostgres[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-postgres-'));
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(options: Partial<PostgresOptions> = {}): Promise<LocalPostgres> {
    const server = await startPostgres({ dataDir: join(folder, 'data'), durable: false, ...options });
    running.push(server);
    return server;
  }

  it('keeps non-Latin letters in trigrams, and lets an ordinary role add the extensions we use', async () => {
    const server = await start();
    const [row] = await query(
      server.url,
      `create extension pg_trgm; create extension citext; create extension fuzzystrmatch; select 1`,
    ).then(() => query(server.url, `select show_trgm('Жук') <> '{}' as letters, version() as version`));
    assert.equal(row?.['letters'], true);
    assert.match(String(row?.['version']), /^PostgreSQL 18\./);
    const [role] = await query(server.url, 'select rolsuper from pg_roles where rolname = current_user');
    assert.equal(role?.['rolsuper'], false);
  });

  it('keeps its data and its password over a stop, in a file for its owner alone', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start({ port: first.port });
    assert.equal(second.url, first.url);
    assert.deepEqual(await query(second.url, 'select answer from kept'), [{ answer: 42 }]);
    assert.equal((await stat(join(folder, 'data.password'))).mode & 0o777, 0o600);
    assert.match(
      await readFile(join(folder, 'data.password'), 'utf8'),
      new RegExp(`^${new URL(first.url).password}\n$`),
    );
  });

  it('runs where only the owner may enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o700);
    const server = await start({ dataDir: join(closed, 'deeper', 'data') });
    assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }]);
  });

  it('recovers from kill -9 of the server with what was committed', async () => {
    const server = await start();
    await query(server.url, 'create table kept as select 42 as answer');
    server.kill();
    await server.exited;
    await server.stop();
    const again = await start();
    assert.deepEqual(await query(again.url, 'select answer from kept'), [{ answer: 42 }]);
  });

  it('refuses a data folder whose server another process keeps running', async () => {
    await start();
    await assert.rejects(start(), LockHeld);
  });

  it('starts after kill -9 of the starter and of its watcher, while the orphaned server still runs', async () => {
    const script = `
      import { startPostgres } from ${JSON.stringify(fileURLToPath(new URL('./postgres.ts', import.meta.url)))};
      const server = await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'data'))}, durable: false });
      console.log(server.pid);
    `;
    const starter = spawn(process.execPath, ['--input-type=module-typescript', '-e', script]);
    let pid = 0;
    for await (const line of createInterface({ input: starter.stdout })) {
      pid = Number(line);
      break;
    }
    assert.ok(pid > 1);
    for (const watcher of processesInGroup(pid).filter((one) => one !== pid))
      process.kill(watcher, 'SIGKILL');
    const gone = once(starter, 'exit');
    starter.kill('SIGKILL');
    await gone;
    assert.ok(await identifyProcess(pid));

    const server = await start();
    assert.notEqual(server.pid, pid);
    assert.equal(await identifyProcess(pid), null);
  });

  it('is not deceived by a postmaster.pid whose number belongs to another process now', async () => {
    const server = await start();
    server.kill();
    await server.exited;
    await server.stop();
    const file = join(folder, 'data', 'postmaster.pid');
    const [, ...rest] = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, [process.ppid, ...rest].join('\n'));
    await start();
  });

  it('clears what an initialisation left that was killed', async () => {
    await mkdir(join(folder, 'data.new-killed', 'data'), { recursive: true });
    await start();
    await assert.rejects(stat(join(folder, 'data.new-killed')), { code: 'ENOENT' });
  });

  it('copies a database in a moment', async () => {
    const server = await start();
    await query(server.url, 'create table kept as select 42 as answer');
    const url = await createDatabase(server.adminUrl, {
      name: 'copy',
      owner: 'perdure',
      template: 'perdure',
    });
    assert.deepEqual(await query(url, 'select answer from kept'), [{ answer: 42 }]);
    await dropDatabase(server.adminUrl, 'copy');
    await dropDatabase(server.adminUrl, 'copy');
    await assert.rejects(query(url, 'select 1'), { code: '3D000' });
  });

  it('says that a fixed port is taken, and lets go of the data folder', async () => {
    const other = await start({ dataDir: join(folder, 'other') });
    await assert.rejects(start({ port: other.port }), /could not bind/);
    await start();
  });
});

function processesInGroup(group: number): number[] {
  return execFileSync('ps', ['-e', '-o', 'pid=,pgid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, pgid]) => pgid === group)
    .map(([pid]) => pid ?? 0);
}
