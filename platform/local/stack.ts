import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMailSink, type MailSink } from './mail-sink.ts';
import { startPostgres, type LocalPostgres } from './postgres.ts';
import { lockHolder, takeLock } from './process-lock.ts';
import { locateTemporalCli } from './temporal-cli.ts';
import { startTemporal, type LocalTemporal } from './temporal.ts';

export interface Stack {
  postgres: LocalPostgres;
  temporal: LocalTemporal;
  mail: MailSink;
  /** The mailbox of the mail sink, for listMails and readMail. */
  mailbox: string;
  /** A folder of this stack alone, gone with it. */
  folder: string;
  /** Ends everything and removes the folder. The same promise for every call. */
  stop(): Promise<void>;
}

export interface StackOptions {
  /** PATH and TEMPORAL_CLI_PATH, for finding Temporal. */
  searchPath?: string | undefined;
  cliPath?: string | undefined;
  cacheCandidates: string[];
  onLog?: (line: string) => void;
}

const prefix = 'perdure-stack-';

/**
 * One PostgreSQL, one Temporal (in memory) and one mail sink for a whole test run: free ports, a folder of its own
 * under the system's temporary folder, nothing shared with a running `npm start` or another test run. When this process
 * is killed, the servers end with it, and the next stack removes the folder.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { onLog = () => undefined } = options;
  await removeAbandoned();
  const folder = await mkdtemp(join(tmpdir(), prefix));
  const cleanUp: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      for (const undo of cleanUp.splice(0).toReversed()) await undo();
    })());
  try {
    // A database server that runs as another user may pass through.
    await chmod(folder, 0o711);
    const lock = await takeLock(join(folder, 'owner.lock'));
    cleanUp.push(() => lock.release());
    const mailbox = join(folder, 'mail');
    // Whatever started is ended, also when its neighbour fails.
    const [postgres, temporal, mail] = await Promise.allSettled([
      undoable(cleanUp, startPostgres({ dataDir: join(folder, 'postgres'), durable: false, onLog })),
      undoable(cleanUp, findAndStartTemporal(options, onLog)),
      undoable(cleanUp, startMailSink({ folder: mailbox })),
    ]);
    return {
      postgres: settled(postgres),
      temporal: settled(temporal),
      mail: settled(mail),
      mailbox,
      folder,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function findAndStartTemporal(
  options: StackOptions,
  onLog: (line: string) => void,
): Promise<LocalTemporal> {
  const { path } = await locateTemporalCli({ ...options, onLog });
  return await startTemporal({ program: path, dbFile: null, uiPort: null, logLevel: 'error', onLog });
}

async function undoable<T extends { stop(): Promise<unknown> }>(
  cleanUp: (() => Promise<unknown>)[],
  starting: Promise<T>,
): Promise<T> {
  const started = await starting;
  cleanUp.push(() => started.stop());
  return started;
}

function settled<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

/** Removes the folders of stacks whose process was killed. */
async function removeAbandoned(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const folder = join(tmpdir(), name);
    if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true });
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  try {
    const { uid, mtimeMs } = await stat(folder);
    // Another user's, or so young that its lock may not be there yet.
    if (uid !== process.getuid?.() || Date.now() - mtimeMs < 60_000) return false;
    return (await lockHolder(join(folder, 'owner.lock'))) === null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
