import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Database } from '../../db/database.ts';
import { domains, type Domain } from '../../domain/domains.ts';
import { migrate } from '../../db/migrate.ts';
import { createDatabase, dropDatabase } from '../../platform/local/postgres-databases.ts';
import { startPostgres } from '../../platform/local/postgres.ts';
import { formOfRun } from './form.ts';
import { closeAfterRun, memoryFolder, oncePerRun } from './run.ts';

/** One PostgreSQL for the run. */
export const postgres = oncePerRun(async () => {
  const server = await startPostgres({ dataDir: join(await memoryFolder(), 'postgres'), durable: false });
  closeAfterRun(() => server.stop());
  return server;
});

/**
 * Migrated databases that the others are copied from: a copy takes milliseconds, migrating takes a second. Every domain
 * has one of its own, as it may have when deployed, so that a test fails where a domain reads another's tables.
 */
const templates = oncePerRun(async () => {
  const server = await postgres();
  const urls = new Map<Domain, string>();
  for (const domain of domains) {
    urls.set(domain, await createDatabase(server.adminUrl, { name: `template_${domain}`, owner: 'perdure' }));
  }
  await migrate((domain) => urls.get(domain) ?? '');
});

/** The other form: all domains in one database. */
const sharedTemplate = oncePerRun(async () => {
  const server = await postgres();
  const url = await createDatabase(server.adminUrl, { name: 'template_all', owner: 'perdure' });
  await migrate(() => url);
});

export interface TestDatabase {
  database: Database;
  /** `DATABASE_URL` and its like, for the configuration of a process. */
  env: Record<string, string>;
  urlOf(domain: Domain): string;
  close(): Promise<void>;
}

/**
 * Fresh, migrated databases of the test's own, one a domain unless told otherwise. Close them in `after`.
 *
 * @param options.of the domains whose tables the test needs, where these are not all: each takes a while to be made
 */
export async function testDatabase({
  oneDatabase = formOfRun().oneDatabase,
  of = domains,
}: { oneDatabase?: boolean; of?: readonly Domain[] } = {}): Promise<TestDatabase> {
  return oneDatabase ? await databaseOfAll() : await databaseEach(of);
}

async function databaseOfAll(): Promise<TestDatabase> {
  const server = await postgres();
  await sharedTemplate();
  const name = `all_${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(server.adminUrl, { name, owner: 'perdure', template: 'template_all' });
  const database = new Database({ url, domainUrls: {}, poolSize: 10, applicationName: 'test' });
  return {
    database,
    env: { DATABASE_URL: url },
    urlOf: () => url,
    close: async () => {
      await database.close();
      await dropDatabase(server.adminUrl, name);
    },
  };
}

async function databaseEach(of: readonly Domain[]): Promise<TestDatabase> {
  const server = await postgres();
  await templates();
  const suffix = randomBytes(6).toString('hex');
  const domainUrls: Partial<Record<Domain, string>> = {};
  for (const domain of of) {
    const wanted = { name: `${domain}_${suffix}`, owner: 'perdure', template: `template_${domain}` };
    domainUrls[domain] = await createDatabase(server.adminUrl, wanted);
  }
  // The database of domains without one of their own: empty, as the test needs none of them.
  const database = new Database({ url: server.url, domainUrls, poolSize: 10, applicationName: 'test' });
  const ownUrls = Object.entries(domainUrls).map(([domain, url]) => [
    `DATABASE_URL_${domain.toUpperCase()}`,
    url,
  ]);
  return {
    database,
    env: { DATABASE_URL: server.url, ...Object.fromEntries(ownUrls) },
    urlOf: (domain) => database.urlOf(domain),
    close: async () => {
      await database.close();
      for (const domain of of) await dropDatabase(server.adminUrl, `${domain}_${suffix}`);
    },
  };
}
