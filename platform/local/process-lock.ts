import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts';

const lockContent = z.object({ pid: z.int().positive(), started: z.string() });

export interface ProcessLock {
  /** Gives the lock back; harmless when it is no longer ours. */
  release(): Promise<void>;
}

/** The lock is held by a process that is still running. */
export class LockHeld extends Error {
  readonly holder: ProcessIdentity;

  constructor(path: string, holder: ProcessIdentity) {
    super(`${path} is held by process ${holder.pid}, which is still running`);
    this.name = 'LockHeld';
    this.holder = holder;
  }
}

/**
 * Takes a lock file for as long as this process lives. One that was left by a killed process is taken over: the file
 * names its holder by process number and start time, so a number that has been given out again deceives nobody.
 *
 * @throws {LockHeld} when the holder is still running.
 */
export async function takeLock(path: string): Promise<ProcessLock> {
  const me = await identifyProcess(process.pid);
  if (!me) throw new Error('This process can’t find itself in the process table');
  const content = `${JSON.stringify({ ...me, token: randomUUID() })}\n`;
  const prepared = `${path}.${randomUUID()}`;
  await writeFile(prepared, content, { mode: 0o600 });
  try {
    // A hard link appears with its whole content at once, and fails when the name is taken.
    while (!(await linkIfFree(prepared, path))) await clearIfStale(path);
  } finally {
    await rm(prepared, { force: true });
  }
  return {
    release: async () => {
      if ((await readIfThere(path)) === content) await rm(path, { force: true });
    },
  };
}

/** Who holds the lock, when somebody does who is still running. */
export async function lockHolder(path: string): Promise<ProcessIdentity | null> {
  const holder = parseHolder(await readIfThere(path));
  return holder && (await isRunning(holder)) ? holder : null;
}

/**
 * Removes the lock when its holder is gone. Two who find it stale at once must not both remove it, the second one
 * the fresh lock of the first: so whoever removes it holds a lock on doing so, which is stale only if its holder was
 * killed in these few lines, and is then cleared in the same way.
 */
async function clearIfStale(path: string): Promise<void> {
  const found = await readIfThere(path);
  if (found === null) return;
  const holder = parseHolder(found);
  if (holder && (await isRunning(holder))) throw new LockHeld(path, holder);
  let guard: ProcessLock;
  try {
    guard = await takeLock(`${path}.takeover`);
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    // Another process is at it.
    await pause(10);
    return;
  }
  try {
    if ((await readIfThere(path)) === found) await rm(path, { force: true });
  } finally {
    await guard.release();
  }
}

function parseHolder(text: string | null): ProcessIdentity | null {
  if (text === null) return null;
  try {
    return lockContent.parse(JSON.parse(text));
  } catch {
    // Not written by takeLock, which never leaves half a file: nobody can be found from it, so nobody holds it.
    return null;
  }
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
