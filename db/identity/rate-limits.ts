import type { Sql } from '../sql.ts';

/** A request to a bucket: its rate, its size, and how many tokens to take in advance while it is far from empty. */
export interface BucketDemand {
  key: string;
  /** Tokens that come back a minute; as many fit in. */
  perMinute: number;
  slice: number;
}

export interface BucketAnswer {
  granted: number;
  remaining: number;
  resetSeconds: number;
  waitSeconds: number;
}

/**
 * Takes at least one token from each bucket, or none from any, in one round trip. An answer stands at the place of its
 * demand.
 */
export async function takeTokens(sql: Sql, demands: readonly BucketDemand[]): Promise<BucketAnswer[]> {
  return await sql<BucketAnswer>(
    `select granted, remaining, reset_seconds as "resetSeconds", wait_seconds as "waitSeconds"
     from identity.take_tokens($1::text[], $2::float8[], $3::integer[], $4::integer[])`,
    [
      demands.map((demand) => demand.key),
      demands.map((demand) => 60 / demand.perMinute),
      demands.map((demand) => demand.perMinute),
      demands.map((demand) => demand.slice),
    ],
  );
}

/** Forgets buckets that have long been full again. */
export async function pruneRateLimits(sql: Sql): Promise<void> {
  await sql(`delete from identity.rate_limits where arrival_at < now() - interval '1 hour'`);
}
