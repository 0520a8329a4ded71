import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../ports.ts';
import { postgresAccount, type PostgresAccount } from './postgres-account.ts';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { ensureDatabase } from './postgres-databases.ts';
import { endOrphans } from './postgres-orphans.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { takeLock } from './process-lock.ts';
import { startTethered, type ProcessExit, type TetheredProcess } from './process.ts';

export interface PostgresOptions {
  /** The data folder, made when it isn't there. Beside it lie `<folder>.password` and `<folder>.lock`. */
  dataDir: string;
  /** 0 or none: a free one. */
  port?: number;
  listenHost?: string;
  /** False for tests: what the operating system hasn't written yet is lost when the *machine* fails; kill -9 loses nothing. */
  durable?: boolean;
  signal?: AbortSignal;
  onLog?: (line: string) => void;
}

export interface LocalPostgres {
  /** The database `perdure` as the role `perdure`, which is no superuser. */
  url: string;
  /** The database `postgres` as superuser. */
  adminUrl: string;
  host: string;
  port: number;
  pid: number;
  /** Settles when the server has ended, for whatever reason. */
  exited: Promise<ProcessExit>;
  /** Shuts the server down in order and gives the data folder free. Call it also after a crash, before starting again. */
  identity: ProcessIdentity | null;
  stop(): Promise<void>;
  /** Ends the server at once, as kill -9 would; the next start recovers from its log. */
  kill(): void;
}

const majorVersion = '18';
const role = 'perdure';

/**
 * Starts PostgreSQL 18 from the npm package on a data folder, and makes the role and the database `perdure`. Whatever
 * a killed run left behind, down to a server still running, is cleared first; data is never destroyed.
 *
 * @throws {LockHeld} when another running process has started a server on this folder.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const { signal, onLog = () => undefined, listenHost: host = '127.0.0.1' } = options;
  await mkdir(dirname(options.dataDir), { recursive: true });
  // One spelling of the path: an orphan is recognised by it.
  const parent = await realpath(dirname(options.dataDir));
  const dataDir = join(parent, basename(options.dataDir));
  const lock = await takeLock(`${dataDir}.lock`);
  let server: TetheredProcess | undefined;
  try {
    const binaries = await postgresBinaries();
    const account = await postgresAccount(binaries, dataDir);
    const password = await keptPassword(`${dataDir}.password`);
    if (await holdsCluster(dataDir)) await endOrphans(dataDir, onLog);
    else await initialise({ dataDir, binaries, account, password, durable: options.durable ?? true, onLog });
    signal?.throwIfAborted();

    const started = await listen({ ...options, dataDir, host, onLog }, binaries, account, password);
    const running = started.server;
    server = running;
    const url = await ensureDatabase(started.adminUrl, role, password);
    return {
      url,
      adminUrl: started.adminUrl,
      host,
      port: started.port,
      pid: running.pid,
      identity: running.identity,
      exited: running.exited,
      kill: () => running.kill(),
      stop: async () => {
        await running.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await server?.stop();
    await lock.release();
    throw error;
  }
}

/** The superuser's password, made once and kept beside the data. */
async function keptPassword(path: string): Promise<string> {
  try {
    const kept = (await readFile(path, 'utf8')).trim();
    if (kept) return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const password = randomBytes(24).toString('base64url');
  const prepared = `${path}.${process.pid}`;
  const file = await open(prepared, 'w', 0o600);
  try {
    await file.writeFile(`${password}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(prepared, path);
  return password;
}

async function holdsCluster(dataDir: string): Promise<boolean> {
  let version: string;
  try {
    version = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  if (version !== majorVersion) {
    throw new Error(
      `${dataDir} holds the data of PostgreSQL ${version}, and this is PostgreSQL ${majorVersion}. ` +
        'Move it away, or empty it with `npm run reset`.',
    );
  }
  return true;
}

interface Initialisation {
  dataDir: string;
  binaries: PostgresBinaries;
  account: PostgresAccount;
  password: string;
  durable: boolean;
  onLog: (line: string) => void;
}

/** Makes the cluster in a folder beside the final one and then renames it, so that a kill in between leaves nothing half-made. */
async function initialise(wanted: Initialisation): Promise<void> {
  const { dataDir, account, onLog } = wanted;
  await clearWorkshops(dataDir);
  const workshop = await mkdtemp(`${dataDir}.new-`);
  try {
    await account.own(workshop);
    const passwordFile = join(workshop, 'password');
    const file = await open(passwordFile, 'wx', 0o600);
    await file.writeFile(`${wanted.password}\n`);
    await file.close();
    await account.own(passwordFile);
    const cluster = join(workshop, 'data');
    const initdb = await startTethered({
      name: 'initdb',
      ...account.wrap(wanted.binaries.initdb, [
        `--pgdata=${cluster}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The plain C locale would make trigrams drop every letter that isn't Latin. macOS has no C.UTF-8.
        `--locale=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
        '--data-checksums',
        ...(wanted.durable ? [] : ['--no-sync']),
      ]),
      cwd: '/',
      env: environment(),
      onLine: onLog,
    });
    const { code, signal } = await initdb.exited;
    if (code !== 0) {
      throw new Error(`initdb failed (${signal ?? `code ${code}`}):\n${initdb.lastLines().join('\n')}`);
    }
    await rename(cluster, dataDir);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Removes what an initialisation left that was killed. The lock is held, so none of them is in use. */
async function clearWorkshops(dataDir: string): Promise<void> {
  const parent = dirname(dataDir);
  const left = (await readdir(parent)).filter((name) => name.startsWith(`${basename(dataDir)}.new-`));
  for (const name of left) await rm(join(parent, name), { recursive: true, force: true });
}

type Listening = PostgresOptions & { dataDir: string; host: string; onLog: (line: string) => void };

/** Starts the server and waits until it answers. With a free port of our choice, a port lost to somebody else is replaced. */
async function listen(
  options: Listening,
  binaries: PostgresBinaries,
  account: PostgresAccount,
  password: string,
): Promise<{ server: TetheredProcess; port: number; adminUrl: string }> {
  const { dataDir, host, onLog, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await freePort(host));
    const settings = await serverSettings(host, port, options.durable ?? true);
    const server = await startTethered({
      name: 'PostgreSQL',
      ...account.wrap(binaries.postgres, [
        '-D',
        dataDir,
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ]),
      cwd: '/',
      env: environment(),
      // SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for every client to leave.
      stop: [
        { signal: 'SIGINT', wait: 20 },
        { signal: 'SIGQUIT', wait: 5 },
      ],
      onLine: onLog,
    });
    try {
      await waitUntilReady(server, dataDir, signal);
      return { server, port, adminUrl: `postgresql://postgres:${password}@${host}:${port}/postgres` };
    } catch (error) {
      await server.stop();
      const lostPort = server.lastLines().some((line) => line.includes('could not bind'));
      if (!lostPort || options.port || attempt === 5 || signal?.aborted) throw error;
    }
  }
}

async function waitUntilReady(server: TetheredProcess, dataDir: string, signal?: AbortSignal): Promise<void> {
  // Recovery after a crash replays the log since the last checkpoint, which is bounded by max_wal_size.
  const deadline = Date.now() + 120_000;
  while (!(await saysReady(server.pid, dataDir))) {
    signal?.throwIfAborted();
    if (server.exit || Date.now() > deadline) {
      const what = server.exit ? 'ended while starting' : 'isn’t ready after 120 s';
      throw new Error(`PostgreSQL ${what}:\n${server.lastLines().join('\n')}`);
    }
    await pause(20, undefined, signal ? { signal } : {});
  }
}

/**
 * What the server itself writes into its lock file, as pg_ctl reads it: its process number in the first line, its state
 * in the eighth. Asking its port instead could be answered by a server that isn't ours.
 */
async function saysReady(pid: number, dataDir: string): Promise<boolean> {
  try {
    const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function serverSettings(host: string, port: number, durable: boolean): Promise<Record<string, string>> {
  return {
    listen_addresses: host,
    port: String(port),
    // No socket files: the folder's path may be too long for one, and nothing needs them.
    unix_socket_directories: '',
    // Several systems at once may share a test's server, each with the pools of all its processes.
    max_connections: durable ? '200' : '500',
    shared_buffers: durable ? '256MB' : '128MB',
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    // A test's server may lie in memory.
    max_wal_size: durable ? '2GB' : '256MB',
    random_page_cost: '1.1',
    // Compiling a query pays off only when it runs for seconds.
    jit: 'off',
    dynamic_shared_memory_type: await sharedMemoryType(),
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
}

/** Containers often have 64 MB of /dev/shm, too little for parallel joins; then the memory is files in the data folder. */
async function sharedMemoryType(): Promise<'posix' | 'mmap'> {
  if (process.platform !== 'linux') return 'posix';
  try {
    const { bavail, bsize } = await statfs('/dev/shm');
    return bavail * bsize >= 512 * 1024 * 1024 ? 'posix' : 'mmap';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'mmap';
    throw error;
  }
}

/** The caller's own PGDATA, PGPORT, LC_ALL and the like would change what is started. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  return { PATH: PATH ?? '/usr/bin:/bin', ...(TMPDIR ? { TMPDIR } : {}), LC_MESSAGES: 'C' };
}
