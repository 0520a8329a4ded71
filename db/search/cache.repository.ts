import type { SharedAnswer } from '../../domain/search/answer.ts';
import type { Sql } from '../sql.ts';

/** Where a question stands: answered already, ours to work on, or being worked on by somebody else. */
export type Claim = { state: 'cached'; answer: SharedAnswer } | { state: 'ours' } | { state: 'theirs' };

export interface Claims {
  /** By key. */
  byKey: Map<string, Claim>;
  /** The database's time, in ISO 8601: an answer that lands from now on is new enough to be shared. */
  askedAt: string;
}

export interface Followed {
  answer: SharedAnswer | null;
  underWay: boolean;
}

/**
 * How long a question stays its worker's without a sign of life. A worker that dies holds back its followers for so long
 * at most.
 */
export const flightLeaseSeconds = 6;

/** Cached answers of one tenant, and the questions that are being worked on. Keys are SHA-256 in hex. */
export class CacheRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Takes the questions that nobody works on. With `useCache`, those with a fresh answer give it instead. */
  async claim(keys: readonly string[], owner: string, useCache: boolean): Promise<Claims> {
    const rows = await this.#sql<ClaimRow>(claimFlights, [
      this.#tenantId,
      keys,
      owner,
      flightLeaseSeconds,
      useCache,
    ]);
    const byKey = new Map<string, Claim>(keys.map((key) => [key, { state: 'theirs' }]));
    for (const { key, answer } of rows) {
      if (key !== null) byKey.set(key, answer === null ? { state: 'ours' } : { state: 'cached', answer });
    }
    const ours = [...byKey].flatMap(([key, claim]) => (claim.state === 'ours' ? [key] : []));
    // Somebody may have landed between the look into the cache and the claim: a later look can't miss it.
    const late = useCache && ours.length > 0 ? await this.#fresh(ours) : [];
    for (const { key, answer } of late) byKey.set(key, { state: 'cached', answer });
    if (late.length > 0)
      await this.release(
        late.map(({ key }) => key),
        owner,
      );
    return { byKey, askedAt: rows[0]?.asked_at ?? new Date().toISOString() };
  }

  /** Extends the lease of the questions that are still ours. */
  async renew(owner: string, keys: readonly string[]): Promise<void> {
    await this.#sql(
      `update search.flights set lease_until = now() + make_interval(secs => $4)
       where tenant_id = $1 and owner = $2 and key in (select decode(key, 'hex') from unnest($3::text[]) as key)`,
      [this.#tenantId, owner, keys, flightLeaseSeconds],
    );
  }

  /** Stores answers, for the followers and, when fresh for more than no time, for later questions. */
  async land(
    owner: string,
    answers: readonly { key: string; answer: SharedAnswer; ttlSeconds: number }[],
  ): Promise<void> {
    if (answers.length === 0) return;
    await this.#sql(landFlights, [
      this.#tenantId,
      owner,
      answers.map(({ key }) => key),
      answers.map(({ answer }) => JSON.stringify(answer)),
      answers.map(({ ttlSeconds }) => ttlSeconds),
    ]);
  }

  /** Lets go of questions without an answer: a follower takes over. */
  async release(keys: readonly string[], owner: string): Promise<void> {
    await this.#sql(
      `delete from search.flights where tenant_id = $1 and owner = $2
         and key in (select decode(key, 'hex') from unnest($3::text[]) as key)`,
      [this.#tenantId, owner, keys],
    );
  }

  /** How followed questions stand: the answer that landed since they were asked, and whether somebody works on them. */
  async follow(followed: readonly { key: string; askedAt: string }[]): Promise<Map<string, Followed>> {
    const rows = await this.#sql<Followed & { key: string }>(followFlights, [
      this.#tenantId,
      followed.map(({ key }) => key),
      followed.map(({ askedAt }) => askedAt),
    ]);
    return new Map(rows.map(({ key, answer, underWay }) => [key, { answer, underWay }]));
  }

  async #fresh(keys: readonly string[]): Promise<{ key: string; answer: SharedAnswer }[]> {
    return await this.#sql(
      `select encode(key, 'hex') as key, answer from search.cache_entries
       where tenant_id = $1 and key in (select decode(key, 'hex') from unnest($2::text[]) as key)
         and fresh_until > now()`,
      [this.#tenantId, keys],
    );
  }
}

/** One row without a key is always there, for the time. */
interface ClaimRow {
  key: string | null;
  answer: SharedAnswer | null;
  asked_at: string;
}

const claimFlights = `
  with given as (
    select key as hex, decode(key, 'hex') as key from unnest($2::text[]) as key
  ), fresh as (
    select hex, answer from given join search.cache_entries c using (key)
    where $5 and c.tenant_id = $1 and c.fresh_until > now()
  ), claimed as (
    insert into search.flights as f (tenant_id, key, owner, lease_until)
    select $1, key, $3, now() + make_interval(secs => $4) from given
    where hex not in (select hex from fresh)
    order by key
    on conflict (tenant_id, key) do update set owner = excluded.owner, lease_until = excluded.lease_until
    where f.lease_until < now()
    returning encode(key, 'hex') as hex
  )
  select hex as key, answer, now()::text as asked_at from fresh
  union all select hex, null, now()::text from claimed
  union all select null, null, now()::text`;

const followFlights = `
  select given.key, c.answer, f.key is not null as "underWay"
  from unnest($2::text[], $3::timestamptz[]) as given (key, asked_at)
  left join search.cache_entries c
    on c.tenant_id = $1 and c.key = decode(given.key, 'hex') and c.landed_at >= given.asked_at
  left join search.flights f
    on f.tenant_id = $1 and f.key = decode(given.key, 'hex') and f.lease_until > now()`;

const landFlights = `
  with given as (
    select decode(key, 'hex') as key, answer, ttl
    from unnest($3::text[], $4::json[], $5::int[]) as given (key, answer, ttl)
  ), landed as (
    delete from search.flights f using given
    where f.tenant_id = $1 and f.owner = $2 and f.key = given.key
    returning f.key
  )
  insert into search.cache_entries (tenant_id, key, answer, landed_at, fresh_until)
  select $1, key, answer, clock_timestamp(), clock_timestamp() + make_interval(secs => ttl)
  from given join landed using (key)
  order by key
  on conflict (tenant_id, key) do update
  set answer = excluded.answer, landed_at = excluded.landed_at, fresh_until = excluded.fresh_until`;

/** Forgets answers that are no longer fresh, and the traces of workers that died. Gives how many answers went. */
export async function pruneCache(sql: Sql): Promise<number> {
  // A minute of grace: followers may still be about to read an answer that was never fresh.
  const [row] = await sql<{ pruned: number }>(
    `with gone as (
       delete from search.cache_entries where fresh_until < now() - interval '1 minute' returning 1
     ), dead as (
       delete from search.flights where lease_until < now() - interval '1 minute' returning 1
     )
     select count(*)::int as pruned from gone`,
  );
  return row?.pruned ?? 0;
}
