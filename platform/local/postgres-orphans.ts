import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { commandLine } from './process-identity.ts';

/**
 * Ends what a killed run left on a data folder, so that a new server can start on it: an orphaned postmaster is shut
 * down in order (its own "fast" shutdown, then "immediate", which only costs a recovery at the next start), and its
 * last server processes are waited for. The data is never touched. Call only while holding the folder's lock.
 */
export async function endOrphans(dataDir: string, onLog: (line: string) => void): Promise<void> {
  const pid = await postmasterPid(dataDir);
  if (pid !== null && (await isOurPostmaster(pid, dataDir))) {
    onLog(`An earlier PostgreSQL (process ${pid}) still runs on this data folder; shutting it down`);
    await end(pid, dataDir);
  }
  await waitForServerProcesses(dataDir);
  if (pid !== null && signalIfThere(pid, 0)) {
    // The number belongs to another program now, or to a dead process that nobody has collected; PostgreSQL would take
    // either for a running server. The server processes are known to be gone, so the file says nothing any more.
    await rm(join(dataDir, 'postmaster.pid'), { force: true });
  }
}

async function postmasterPid(dataDir: string): Promise<number | null> {
  try {
    const [first] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Number(first);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function isOurPostmaster(pid: number, dataDir: string): Promise<boolean> {
  const command = await commandLine(pid);
  return command !== null && /\bpostgres\b/.test(command) && command.includes(` -D ${dataDir} `);
}

async function end(pid: number, dataDir: string): Promise<void> {
  for (const [signal, seconds] of [
    ['SIGINT', 30],
    ['SIGQUIT', 10],
    ['SIGKILL', 5],
  ] as const) {
    if (!signalIfThere(pid, signal)) return;
    if (await until(async () => !(await isOurPostmaster(pid, dataDir)), seconds)) return;
  }
  throw new Error(`PostgreSQL process ${pid}, left by an earlier run, can’t be ended`);
}

/** Server processes end by themselves when their postmaster is gone; PostgreSQL won't start before the last one is. */
async function waitForServerProcesses(dataDir: string): Promise<void> {
  if (await until(async () => (await serverProcesses(dataDir)).length === 0, 10)) return;
  for (const pid of await serverProcesses(dataDir)) signalIfThere(pid, 'SIGKILL');
  if (await until(async () => (await serverProcesses(dataDir)).length === 0, 5)) return;
  throw new Error(`PostgreSQL server processes left by an earlier run still use ${dataDir}`);
}

/** The PostgreSQL processes whose working folder is the data folder. Linux only; elsewhere PostgreSQL's own check serves. */
async function serverProcesses(dataDir: string): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const folder = await realpath(dataDir);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await workingFolder(pid);
      return cwd === folder && /postgres/.test((await commandLine(pid)) ?? '');
    }),
  );
  return pids.filter((_, index) => found[index]);
}

async function workingFolder(pid: number): Promise<string | null> {
  try {
    return await readlink(`/proc/${pid}/cwd`);
  } catch {
    // Gone in the meantime, or another user's process: not one of ours either way.
    return null;
  }
}

/** Whether the process was there to get the signal; 0 only asks. */
function signalIfThere(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return false;
    // There, and another user's: PostgreSQL knows by the same answer that it is none of its servers.
    if (code === 'EPERM' && signal === 0) return false;
    throw error;
  }
}

async function until(condition: () => Promise<boolean>, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) return false;
    await pause(50);
  }
  return true;
}
