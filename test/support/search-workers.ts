import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../platform/config.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { openStorage } from '../../platform/storage/open.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { runFolder } from './run.ts';
import { temporalServer } from './temporal.ts';

export interface SearchWorkers {
  db: TestDatabase;
  config: Config;
  storage: ObjectStorage;
  /** The environment that a process of this system runs with. */
  env: Record<string, string>;
  /** Starts another worker in this process; the first is started already. */
  startMore(): Promise<RunningWorkers>;
  close(): Promise<void>;
}

/** The settings of a system of a test's own: a fresh database, a folder as storage, the Temporal Service of the run. */
export async function searchEnvironment(db: TestDatabase): Promise<Record<string, string>> {
  const { address, namespace } = await temporalServer();
  return {
    ...db.env,
    PUBLIC_URL: 'http://127.0.0.1:3000',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    SMTP_URL: 'smtp://127.0.0.1:1',
    STORAGE_DIR: await mkdtemp(join(await runFolder(), 'storage-')),
    STORAGE_SIGNING_SECRET: 'a-secret-that-only-tests-know-of-0123456789',
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
}

/** The workers, relay and activities of the search domain, in this process, on real parts. Close them in `after`. */
export async function startSearchWorkers(
  settings: Record<string, string> = {},
  options: { withoutWorkers?: boolean } = {},
): Promise<SearchWorkers> {
  const db = await testDatabase();
  const env = { ...(await searchEnvironment(db)), ...settings };
  const config = loadConfig(env);
  const { address, namespace } = await temporalServer();
  const running: RunningWorkers[] = [];
  const startMore = async (): Promise<RunningWorkers> => {
    const workers = await startWorkers(config, { connection: { address }, namespace }, ['search']);
    running.push(workers);
    return workers;
  };
  if (!options.withoutWorkers) await startMore();
  return {
    db,
    config,
    env,
    storage: openStorage(config),
    startMore,
    close: async () => {
      await Promise.all(running.map((workers) => workers.stop()));
      await db.close();
    },
  };
}
