import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Closer = () => Promise<void>;

const closers: Closer[] = [];

/** Registers something that the whole run shares and that is closed after the last test, latest first. */
export function closeAfterRun(closer: Closer): void {
  closers.push(closer);
}

/** Something that is made once a run, by the first test that asks for it. */
export function oncePerRun<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** A folder that goes with the run. */
export const runFolder = oncePerRun(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-test-'));
  closeAfterRun(() => rm(folder, { recursive: true, force: true }));
  return folder;
});

/** Linux's file system in memory. */
const memory = '/dev/shm';
const roomInBytes = 4 * 1024 ** 3;

/**
 * A folder that goes with the run, in memory where there is plenty of it: to make a database is to make a few hundred files,
 * which takes a disk's file system several times as long.
 */
export const memoryFolder = oncePerRun(async () => {
  if (!(await hasRoom())) return await runFolder();
  await removeLeftovers();
  const folder = await mkdtemp(join(memory, `perdure-test-${process.pid}-`));
  closeAfterRun(() => rm(folder, { recursive: true, force: true }));
  return folder;
});

async function hasRoom(): Promise<boolean> {
  if (process.platform !== 'linux' || process.availableMemory() < 2 * roomInBytes) return false;
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= roomInBytes;
}

/** Of runs that were killed: memory is not emptied as a disk is. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(memory)) {
    const [, pid] = /^perdure-test-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(memory, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

export async function closeRun(): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Parts of the test run did not close.');
}
