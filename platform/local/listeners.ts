import { readdir, readFile, readlink } from 'node:fs/promises';
import { isPortFree } from '../ports.ts';
import { commandLine } from './process-identity.ts';

export interface WantedPort {
  /** What it is for, in words. */
  purpose: string;
  port: number;
  /** The environment variable that chooses another. */
  variable: string;
}

/**
 * Checks that all wanted ports are free.
 *
 * @throws one error that names every port that isn't, who listens there (where that can be known), and how to choose another.
 */
export async function assertPortsFree(wanted: WantedPort[], host = '127.0.0.1'): Promise<void> {
  const doubled = wanted.find(({ port }, index) => wanted.findIndex((other) => other.port === port) < index);
  if (doubled) {
    throw new Error(`Port ${doubled.port} is wanted twice. Choose another for ${doubled.variable}.`);
  }
  const lines: string[] = [];
  const instead: string[] = [];
  for (const { purpose, port, variable } of wanted) {
    if (await isPortFree(port, host)) continue;
    const listener = await findListener(port);
    lines.push(`  Port ${port} (${purpose}) is taken${listener ? ` by ${listener}` : ''}.\n`);
    instead.push(`${variable}=${await nextFree(port, host)}`);
  }
  if (lines.length === 0) return;
  throw new Error(
    `${lines.join('')}Choose ${instead.length > 1 ? 'others' : 'another'}:  ${instead.join(' ')} npm start`,
  );
}

async function nextFree(port: number, host: string): Promise<number> {
  for (let candidate = port + 1; candidate <= 65_535; candidate += 1) {
    if (await isPortFree(candidate, host)) return candidate;
  }
  return 0;
}

/** The process that listens on a port, as "process 123 (node server.js)"; null when it can't be known. Linux only. */
async function findListener(port: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return null;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (!(await holdsAny(pid, sockets))) continue;
    const command = (await commandLine(Number(pid))) ?? '';
    return `process ${pid} (${command.length > 60 ? `${command.slice(0, 60)}…` : command})`;
  }
  return null;
}

/** The inodes of the sockets in state LISTEN (0A) on a port, from the kernel's tables. */
async function listeningSockets(port: number): Promise<Set<string>> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const found = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readOrEmpty(table)).split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A' && fields[9])
        found.add(`socket:[${fields[9]}]`);
    }
  }
  return found;
}

async function holdsAny(pid: string, sockets: Set<string>): Promise<boolean> {
  try {
    for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
      if (sockets.has(await readlink(`/proc/${pid}/fd/${descriptor}`))) return true;
    }
  } catch {
    // Gone in the meantime, or another user's process, whose files we may not see: then it can't be known.
  }
  return false;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
