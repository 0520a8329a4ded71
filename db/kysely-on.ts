import { Kysely, PostgresDialect } from 'kysely';
import type { PoolClient } from 'pg';

/** What an entity manager speaks through, on one connection that is somebody else's to begin, end and give back. */
export function kyselyOn(client: PoolClient): Kysely<unknown> {
  const lent = {
    query: client.query.bind(client),
    release: () => undefined,
  } as unknown as PoolClient;
  const pool = { connect: () => Promise.resolve(lent), end: () => Promise.resolve() };
  return new Kysely({ dialect: new PostgresDialect({ pool: pool as never }) });
}
