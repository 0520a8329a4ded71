import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Database } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { createDatabase, dropDatabase } from '../../platform/local/postgres-databases.ts';
import { startPostgres } from '../../platform/local/postgres.ts';
import { closeAfterRun, oncePerRun, runFolder } from './run.ts';

/** One PostgreSQL for the run. */
export const postgres = oncePerRun(async () => {
  const server = await startPostgres({ dataDir: join(await runFolder(), 'postgres'), durable: false });
  closeAfterRun(() => server.stop());
  return server;
});

/** A migrated database that the others are copied from: a copy takes milliseconds, migrating takes a second. */
const template = oncePerRun(async () => {
  const server = await postgres();
  await migrate(() => server.url);
  return new URL(server.url).pathname.slice(1);
});

export interface TestDatabase {
  url: string;
  database: Database;
  close(): Promise<void>;
}

/** A fresh, migrated database of the test's own. Close it in `after`. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await postgres();
  const from = await template();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(server.adminUrl, { name, owner: 'perdure', template: from });
  const database = new Database({ url, domainUrls: {}, poolSize: 10, applicationName: 'test' });
  return {
    url,
    database,
    close: async () => {
      await database.close();
      await dropDatabase(server.adminUrl, name);
    },
  };
}
