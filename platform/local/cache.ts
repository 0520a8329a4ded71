import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The folder for programs that are downloaded once for all clones: the first of the candidates that can be written.
 *
 * @throws when none can.
 */
export async function cacheFolder(candidates: string[]): Promise<string> {
  const reasons: string[] = [];
  for (const folder of candidates) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK | constants.X_OK);
      return folder;
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new Error(`There is no folder to keep downloaded programs in: ${reasons.join('; ')}`);
}

/** Whether this file is there and may be run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not for us: not a program we can run, for whatever reason.
    return false;
  }
}

/**
 * Fills a folder of the cache, unless it is there already. `fill` works in a folder of its own, which is then renamed:
 * two processes may do so at once, and one that is killed leaves nothing that could be taken for the finished folder.
 */
export async function fillOnce(folder: string, fill: (workshop: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const workshop = await mkdtemp(`${folder}.new-`);
  try {
    const content = join(workshop, 'content');
    await mkdir(content);
    await fill(content);
    await renameUnlessThere(content, folder);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Another process has finished the same folder first.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}
