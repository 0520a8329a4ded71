import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { domains, type Domain } from '../domain/domains.ts';
import { assertTrigramLocale } from './locale.ts';
import { sqlOf } from './sql.ts';

/** One number for everybody, so that two migrations of one database wait for each other. */
const migrationLock = 7_237_001;

/**
 * Brings the schemas of the given domains up to date, each by its own migrations in its own schema.
 * Refuses a database whose locale drops non-Latin letters from trigrams.
 */
export async function migrate(
  urlOf: (domain: Domain) => string,
  only: readonly Domain[] = domains,
): Promise<string[]> {
  const applied: string[] = [];
  for (const domain of only) {
    applied.push(...(await migrateDomain(domain, urlOf(domain))));
  }
  return applied;
}

async function migrateDomain(domain: Domain, url: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`./${domain}/migrations`, import.meta.url));
  if (readdirSync(path).length === 0) throw new Error(`The domain ${domain} has no migrations.`);
  const orm = new MikroORM({
    clientUrl: url,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    extensions: [Migrator],
    migrations: {
      path,
      glob: 'Migration*.ts',
      tableName: `${domain}.migrations`,
      snapshot: false,
      allOrNothing: true,
      silent: true,
    },
    pool: { min: 0, max: 4 },
  });
  try {
    const sql = sqlOf(orm.em.fork());
    return await orm.em.fork().transactional(async (em) => {
      await sqlOf(em)('select pg_advisory_xact_lock($1)', [migrationLock]);
      await sql(`create schema if not exists ${domain}`);
      await assertTrigramLocale(sql);
      const done = await orm.migrator.up();
      return done.map((migration) => `${domain}: ${migration.name}`);
    });
  } finally {
    await orm.close(true);
  }
}
