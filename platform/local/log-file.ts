import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LogFile {
  write: (line: string) => void;
  close: () => Promise<void>;
}

const largestLog = 20 * 1024 * 1024;

/** Opens a log file to append to; one that has grown large is kept once, as `<name>.1`. */
export async function openLog(path: string): Promise<LogFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (((await sizeOf(path)) ?? 0) > largestLog) {
    await rm(`${path}.1`, { force: true });
    await rename(path, `${path}.1`);
  }
  const file = await open(path, 'a', 0o600);
  const stream = file.createWriteStream();
  return {
    write: (line) => {
      stream.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
