import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A process that can be recognised again later. The number alone is not enough: the system gives numbers out again,
 * so the moment the process started is kept beside it.
 */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own form: boot identifier and clock ticks on Linux, a date elsewhere. */
  started: string;
}

/** The identity of a running process, or null when there is none with this number (a zombie counts as none). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  const started = process.platform === 'linux' ? await startedOnLinux(pid) : await startedElsewhere(pid);
  return started === null ? null : { pid, started };
}

/** Whether the very process that was identified earlier is still running. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.started === identity.started;
}

/** The command line of a running process, its arguments joined by spaces; null when it isn't running. */
export async function commandLine(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const text = await readIfThere(`/proc/${pid}/cmdline`);
    return text === null || text === '' ? null : text.replaceAll('\0', ' ').trim();
  }
  return await askPs(pid, 'command=');
}

async function startedOnLinux(pid: number): Promise<string | null> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field, the program's name, may hold spaces and brackets: count the fields after its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || ticks === undefined) return null;
  const boot = (await readIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? 'unknown';
  return `${boot}:${ticks}`;
}

async function startedElsewhere(pid: number): Promise<string | null> {
  return await askPs(pid, 'lstart=');
}

async function askPs(pid: number, column: string): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', column, '-p', String(pid)]);
    return stdout.trim() || null;
  } catch (error) {
    // ps exits with 1 when there is no such process; anything else (no ps at all) is a real fault.
    if ((error as { code?: unknown }).code === 1) return null;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // ESRCH: the process ended between open and read.
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
