import { execFile, execFileSync } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A disk of its own that a test can fill. */
export interface SmallDisk {
  folder: string;
  /** Takes all the space that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Mounts a small file system in memory on a folder, which is made; null where this process may not, as only the
 * superuser of Linux may. Whoever closes it has nothing open on it any more.
 */
export async function mountSmallDisk(folder: string, mebibytes: number): Promise<SmallDisk | null> {
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  } catch {
    return null;
  }
  // A run that is broken off leaves none mounted either.
  const unmount = (): void => void execFileSync('umount', ['--lazy', folder]);
  process.once('exit', unmount);
  const filler = join(folder, '~filler');
  return {
    folder,
    fill: async () => {
      const file = await open(filler, 'a');
      try {
        // The last bytes too: a small file must not fit either.
        for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2))
          await writeWhileItFits(file, size);
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler, { force: true }),
    close: async () => {
      process.off('exit', unmount);
      await run('umount', ['--lazy', folder]);
    },
  };
}

async function writeWhileItFits(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<void> {
  const block = Buffer.alloc(bytes);
  try {
    for (;;) if ((await file.write(block)).bytesWritten < bytes) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
