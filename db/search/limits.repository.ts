import { admit, type Meter, type RefusalCause } from '../../domain/search/admission.ts';
import type { ProviderAnswer } from '../../domain/search/provider.ts';
import type { Sql } from '../sql.ts';
import type { StoredProvider } from './provider.repository.ts';

/** For whom calls are made and billed. */
export interface ChargeScope {
  tenantId: string;
  userId: string | null;
  source: string;
  currency: string;
}

/** What became of a wanted call. */
export type Reservation =
  /** It may go out now. */
  | { state: 'granted' }
  /** An earlier attempt has made and paid it; its answer, if it was kept. */
  | { state: 'settled'; answer: ProviderAnswer | null; amountMicros: bigint }
  | { state: 'refused'; cause: RefusalCause; retryAfterMs: number | null };

export interface Reserved {
  /** In the order of the effect keys. */
  reservations: Reservation[];
  /** How many calls may be under way at once. */
  atOnce: number;
  /** Whether the given lease was taken: it is only where the provider has a limit, and must be renewed and released. */
  leased: boolean;
}

export interface Settlement {
  effectKey: string;
  outcome: 'hit' | 'miss' | 'error' | 'throttled';
  amountMicros: bigint;
  /** Kept for equal work tried again; null when asking again costs nothing. */
  answer: ProviderAnswer | null;
}

/** The limits of providers and the ledger of their calls. Every method needs a transaction. */
export class LimitsRepository {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Reserves money, rate and slots for calls, as far as the provider's limits go, from the first on. Commit before
   * calling: what is called is then in the ledger, whatever happens next.
   *
   * @param leaseId a new id, for the slots that the calls take
   */
  async reserve(
    scope: ChargeScope,
    provider: StoredProvider,
    effectKeys: readonly string[],
    leaseId: string,
  ): Promise<Reserved> {
    const meter = await this.#lockMeter(provider);
    const known = await this.#charges(effectKeys);
    const wanted = effectKeys.filter((key) => known.get(key)?.state !== 'settled');
    // Those with money first, so that a budget that is used up does not hold them back.
    const ordered = wanted.toSorted((a, b) => rankOf(known.get(a)) - rankOf(known.get(b)));
    const paid = wanted.filter((key) => known.get(key)?.state === 'reserved').length;
    const each = provider.price.perCall + provider.price.perHit;
    const admission = admit(provider.limits, meter, { calls: wanted.length, paid, each }, meter.now);
    const granted = new Set(ordered.slice(0, admission.granted));
    await this.#saveMeter(provider.id, admission.meter);
    await this.#insertCharges(scope, provider, [...granted], each);
    const leased = provider.limits.concurrency !== null && admission.atOnce > 0;
    if (leased) await this.#lease(provider.id, leaseId, admission.atOnce);
    return {
      atOnce: admission.atOnce,
      leased,
      reservations: effectKeys.map((key): Reservation => {
        const charge = known.get(key);
        if (charge?.state === 'settled') {
          return { state: 'settled', answer: charge.answer, amountMicros: BigInt(charge.amount) };
        }
        if (granted.has(key) || !admission.refusal) return { state: 'granted' };
        return { state: 'refused', ...admission.refusal };
      }),
    };
  }

  /**
   * Writes what calls came to, gives back what they did not cost, and, with `pauseMs`, keeps everybody from calling
   * before that time is over.
   */
  async settle(
    provider: { id: string },
    settlements: readonly Settlement[],
    release: { leaseId: string | null; pauseMs: number | null },
  ): Promise<void> {
    await this.#sql(settleCharges, [
      provider.id,
      settlements.map(({ effectKey }) => effectKey),
      settlements.map(({ outcome }) => outcome),
      settlements.map(({ amountMicros }) => String(amountMicros)),
      settlements.map(({ answer }) => (answer === null ? null : JSON.stringify(answer))),
      release.leaseId,
      release.pauseMs,
    ]);
  }

  /** Keeps the slots of a lease for another while. */
  async renewLease(leaseId: string): Promise<void> {
    await this.#sql(
      `update search.provider_leases set expires_at = now() + make_interval(secs => $2) where id = $1`,
      [leaseId, slotLeaseSeconds],
    );
  }

  async #lockMeter(provider: StoredProvider): Promise<Meter & { now: number }> {
    let [row] = await this.#sql<MeterRow>(lockMeter, [provider.id]);
    if (!row) {
      await this.#sql(
        `insert into search.provider_meters
           (provider_id, tokens, refilled_at, day, day_micros, month, month_micros)
         values ($1, $2, now(), (now() at time zone 'utc')::date, 0, to_char(now() at time zone 'utc', 'YYYY-MM'), 0)
         on conflict do nothing`,
        [provider.id, provider.limits.burst],
      );
      [row] = await this.#sql<MeterRow>(lockMeter, [provider.id]);
    }
    if (!row) throw new Error('The meter of a provider was not there after it was written.');
    return toMeter(row, provider.limits.concurrency === null ? 0 : await this.#underWay(provider.id));
  }

  /** A statement of its own, after the lock: an earlier snapshot would miss leases taken while we waited. */
  async #underWay(providerId: string): Promise<number> {
    const [row] = await this.#sql<{ slots: number }>(
      `select coalesce(sum(slots), 0)::int as slots from search.provider_leases
       where provider_id = $1 and expires_at > clock_timestamp()`,
      [providerId],
    );
    return row?.slots ?? 0;
  }

  async #saveMeter(providerId: string, meter: Meter): Promise<void> {
    await this.#sql(
      `update search.provider_meters
       set tokens = $2, refilled_at = to_timestamp($3 / 1000.0), day = $4, day_micros = $5, month = $6, month_micros = $7
       where provider_id = $1`,
      [
        providerId,
        meter.tokens,
        meter.refilledAt,
        meter.day,
        String(meter.dayMicros),
        meter.month,
        String(meter.monthMicros),
      ],
    );
  }

  async #charges(effectKeys: readonly string[]): Promise<Map<string, ChargeRow>> {
    const rows = await this.#sql<ChargeRow>(
      `select effect_key, case when state = 'settled' and outcome in ('error', 'throttled') and answer is null
                then 'released' else state end as state, answer, amount_micros::text as amount
       from search.charges where effect_key = any($1::text[])`,
      [effectKeys],
    );
    return new Map(rows.map((row) => [row.effect_key, row]));
  }

  async #insertCharges(
    scope: ChargeScope,
    provider: StoredProvider,
    effectKeys: readonly string[],
    each: bigint,
  ): Promise<void> {
    if (effectKeys.length === 0) return;
    await this.#sql(
      `insert into search.charges as c
         (effect_key, tenant_id, user_id, source, provider_id, provider, state, calls, reserved_micros, currency, day)
       select key, $2, $3, $4, $5, $6, 'reserved', 1, $7, $8, (now() at time zone 'utc')::date
       from unnest($1::text[]) as key
       on conflict (effect_key) do update
       set state = 'reserved', calls = c.calls + 1, reserved_micros = excluded.reserved_micros,
           day = case when c.state = 'reserved' then c.day else excluded.day end,
           outcome = null, amount_micros = 0, settled_at = null`,
      [
        effectKeys,
        scope.tenantId,
        scope.userId,
        scope.source,
        provider.id,
        provider.name,
        String(each),
        scope.currency,
      ],
    );
  }

  async #lease(providerId: string, leaseId: string, slots: number): Promise<void> {
    await this.#sql(
      `insert into search.provider_leases (id, provider_id, slots, expires_at)
       values ($1, $2, $3, now() + make_interval(secs => $4))`,
      [leaseId, providerId, slots, slotLeaseSeconds],
    );
  }
}

/** How long slots stay taken without a sign of life of the process that has them. */
export const slotLeaseSeconds = 10;

interface ChargeRow {
  effect_key: string;
  state: 'reserved' | 'settled' | 'released';
  answer: ProviderAnswer | null;
  amount: string;
}

function rankOf(charge: ChargeRow | undefined): number {
  return charge?.state === 'reserved' ? 0 : 1;
}

interface MeterRow {
  tokens: number;
  refilled_at: number;
  paused_until: number | null;
  day: string;
  day_micros: string;
  month: string;
  month_micros: string;
  now: number;
}

function toMeter(row: MeterRow, underWay: number): Meter & { now: number } {
  return {
    tokens: row.tokens,
    refilledAt: row.refilled_at,
    pausedUntil: row.paused_until,
    day: row.day,
    dayMicros: BigInt(row.day_micros),
    month: row.month,
    monthMicros: BigInt(row.month_micros),
    underWay,
    now: row.now,
  };
}

/** The clock is the database's, read once the row is ours: clocks of processes differ. */
const lockMeter = `
  with locked as materialized (
    select * from search.provider_meters where provider_id = $1 for update
  )
  select tokens, extract(epoch from refilled_at)::float8 * 1000 as refilled_at,
         extract(epoch from paused_until)::float8 * 1000 as paused_until,
         day::text, day_micros::text, month, month_micros::text,
         extract(epoch from clock_timestamp())::float8 * 1000 as now
  from locked`;

const settleCharges = `
  with given as (
    select effect_key, outcome, amount, answer
    from unnest($2::text[], $3::text[], $4::bigint[], $5::json[]) as given (effect_key, outcome, amount, answer)
  ), settled as (
    update search.charges c
    set state = case when given.outcome = 'throttled' then 'released' else 'settled' end,
        outcome = given.outcome, amount_micros = given.amount, answer = given.answer, settled_at = now()
    from given where c.effect_key = given.effect_key and c.state = 'reserved'
    returning c.day, c.reserved_micros - given.amount as unspent
  ), freed as (
    delete from search.provider_leases where id = $6::uuid
  )
  update search.provider_meters m
  set day_micros = greatest(0, m.day_micros - coalesce(
        (select sum(unspent) from settled where settled.day = m.day), 0)),
      month_micros = greatest(0, m.month_micros - coalesce(
        (select sum(unspent) from settled where to_char(settled.day, 'YYYY-MM') = m.month), 0)),
      paused_until = case when $7::float8 is null then m.paused_until
                          else greatest(m.paused_until, clock_timestamp() + make_interval(secs => $7::float8 / 1000.0)) end
  where m.provider_id = $1
    and ($7::float8 is not null or exists (select from settled where unspent <> 0))`;
