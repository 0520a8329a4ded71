import type { SharedAnswer } from '../../domain/search/answer.ts';
import { countRows } from '../count-rows.ts';
import type { Database } from '../database.ts';
import type { Sql } from '../sql.ts';
import {
  flightLeaseSeconds,
  followSeconds,
  type AnswerCache,
  type Claim,
  type Claims,
  type Followed,
  type Landing,
} from './answer-cache.ts';

/** The cached answers of a tenant in PostgreSQL. */
export class CacheRepository implements AnswerCache {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(database: Database, tenantId: string) {
    this.#sql = (query, parameters, prepared) =>
      database.read('search', ({ sql }) => sql(query, parameters, prepared));
    this.#tenantId = tenantId;
  }

  async claim(keys: readonly string[], owner: string, useCache: boolean): Promise<Claims> {
    if (useCache) {
      // What is asked again is mostly all there, and to see that costs less than to claim what is not.
      const fresh = await this.#fresh(keys);
      if (fresh.length === new Set(keys).size) {
        const byKey = fresh.map(({ key, answer }) => [key, { state: 'cached', answer }] as const);
        // Nobody's answer is waited for, whenever it was asked.
        return { byKey: new Map(byKey), askedAt: new Date(0).toISOString() };
      }
    }
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

  /** Nothing: rows go in a transaction of whoever erases, which counts them. */
  forget(): Promise<void> {
    return Promise.resolve();
  }

  async renew(owner: string, keys: readonly string[]): Promise<void> {
    await this.#sql(
      `update search.flights set lease_until = now() + make_interval(secs => $4)
       where tenant_id = $1 and owner = $2 and key in (select decode(key, 'hex') from unnest($3::text[]) as key)`,
      [this.#tenantId, owner, keys, flightLeaseSeconds],
    );
  }

  async land(owner: string, answers: readonly Landing[]): Promise<void> {
    if (answers.length === 0) return;
    await this.#sql(landFlights, [
      this.#tenantId,
      owner,
      answers.map(({ key }) => key),
      answers.map(({ answer }) => JSON.stringify(answer)),
      answers.map(({ ttlSeconds }) => ttlSeconds),
    ]);
  }

  async release(keys: readonly string[], owner: string): Promise<void> {
    await this.#sql(
      `delete from search.flights where tenant_id = $1 and owner = $2
         and key in (select decode(key, 'hex') from unnest($3::text[]) as key)`,
      [this.#tenantId, owner, keys],
    );
  }

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
      'search.fresh_answers',
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

/**
 * Forgets up to `limit` answers that are no longer fresh, and the traces of workers that died. Gives how many answers went: call it
 * until that is 0.
 */
export async function pruneCache(sql: Sql, limit: number): Promise<number> {
  await sql('delete from search.flights where lease_until < now() - make_interval(secs => $1)', [
    followSeconds,
  ]);
  return await countRows(
    sql,
    `delete from search.cache_entries where ctid in (
       select ctid from search.cache_entries where fresh_until < now() - make_interval(secs => $1)
       order by fresh_until limit $2)`,
    [followSeconds, limit],
  );
}
