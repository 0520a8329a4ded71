import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitForLeftovers } from '../platform/local/leftovers.ts';
import { LockHeld, takeLock } from '../platform/local/process-lock.ts';

/** `npm run reset`: forgets all local data. Refuses while the system runs, and lets none start meanwhile. */
const dataDir = join(dirname(dirname(fileURLToPath(import.meta.url))), '.data');
const lockName = 'supervisor.lock';

try {
  const names = await emptyDataFolder();
  console.log(names.length ? `Emptied .data: ${names.join(', ')}` : '.data is empty already');
} catch (error) {
  if (!(error instanceof LockHeld)) throw error;
  console.error(`Perdure runs, as process ${error.holder.pid}. Stop it first: kill ${error.holder.pid}`);
  process.exitCode = 1;
}

async function emptyDataFolder(): Promise<string[]> {
  const before = await namesInDataFolder();
  if (before.length === 0) return [];
  const lock = await takeLock(join(dataDir, lockName));
  try {
    await waitForLeftovers(join(dataDir, 'processes.json'), (names) =>
      console.log(`Waiting for what an earlier run left: ${names.join(', ')}`),
    );
    const names = (await namesInDataFolder()).filter((name) => !name.startsWith(lockName));
    for (const name of names) await rm(join(dataDir, name), { recursive: true, force: true });
    return names;
  } finally {
    await lock.release();
  }
}

async function namesInDataFolder(): Promise<string[]> {
  try {
    return await readdir(dataDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
