import type { Database } from '../database.ts';
import type { Sql } from '../sql.ts';
import type { BucketAnswer, BucketDemand, TokenBuckets } from './token-buckets.ts';

export class PostgresTokenBuckets implements TokenBuckets {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async take(demands: readonly BucketDemand[]): Promise<BucketAnswer[]> {
    return await this.#database.read('identity', ({ sql }) =>
      sql<BucketAnswer>(
        `select granted, remaining, reset_seconds as "resetSeconds", wait_seconds as "waitSeconds"
         from identity.take_tokens($1::text[], $2::float8[], $3::integer[], $4::integer[])`,
        [
          demands.map((demand) => demand.key),
          demands.map((demand) => 60 / demand.perMinute),
          demands.map((demand) => demand.perMinute),
          demands.map((demand) => demand.slice),
        ],
      ),
    );
  }
}

/** Forgets buckets that have long been full again. */
export async function pruneTokenBuckets(sql: Sql): Promise<void> {
  await sql(`delete from identity.rate_limits where arrival_at < now() - interval '1 hour'`);
}
