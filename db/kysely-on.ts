import { Kysely, PostgresDialect } from 'kysely';
import type { PoolClient } from 'pg';
import type { LentClient } from './transaction.ts';

/** What an entity manager speaks through, on one connection that is somebody else's to begin, end and give back. */
export function kyselyOn({ query }: LentClient): Kysely<unknown> {
  const lent = {
    query,
    release: () => undefined,
  } as unknown as PoolClient;
  const pool = { connect: () => Promise.resolve(lent), end: () => Promise.resolve() };
  return new Kysely({ dialect: new PostgresDialect({ pool: pool as never }) });
}
