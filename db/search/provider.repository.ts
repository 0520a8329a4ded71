import { v7 as uuidv7 } from 'uuid';
import type { ProviderLimits } from '../../domain/search/admission.ts';
import type { ProviderKind, ProviderPrice } from '../../domain/search/provider.ts';
import { queryKinds, type QueryKind } from '../../domain/search/query.ts';
import type { Sql } from '../sql.ts';

/** What the owner of a provider decides. */
export interface ProviderSettings {
  name: string;
  kind: ProviderKind;
  enabled: boolean;
  searchKinds: QueryKind[];
  price: ProviderPrice;
  limits: ProviderLimits;
  timeoutMs: number;
  /** Null: as the tenant's settings say. */
  cacheTtlSeconds: number | null;
  breaker: { failures: number; cooldownMs: number };
  /** Of an `http` provider: everything but the values of its secrets. */
  config: Record<string, unknown> | null;
  /** Of an `http` provider: its secrets, sealed. */
  secrets: string | null;
  /** The names of the secrets that are set. */
  secretNames: string[];
}

export interface StoredProvider extends ProviderSettings {
  id: string;
  /** Its place in the waterfall, from 0. */
  place: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  /** Until when its circuit is open, as the process where it tripped tells; null when it is not. */
  openUntil: Date | null;
}

export interface TenantSettings {
  /** Part of every cache key: one more makes all cached answers of the tenant unreachable. */
  generation: string;
  currency: string;
  cacheTtlSeconds: number;
  version: number;
}

/** Everything a tenant's searches run on. */
export interface SearchSetup extends TenantSettings {
  /** In the order of the waterfall, disabled ones too. */
  providers: StoredProvider[];
}

/** The providers and search settings of one tenant. */
export class ProviderRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Settings and providers in one statement; null for a tenant that has none yet. */
  async findSetup(): Promise<SearchSetup | null> {
    const rows = await this.#sql<SetupRow>(selectSetup, [this.#tenantId]);
    const [first] = rows;
    if (!first) return null;
    return {
      ...toSettings(first),
      providers: rows.flatMap((row) => (row.id === null ? [] : toProvider(row))),
    };
  }

  /** The same; a tenant that has none gets the defaults. Needs a transaction. */
  async ensureSetup(): Promise<SearchSetup> {
    const known = await this.findSetup();
    if (known) return known;
    const inserted = await this.#sql(
      'insert into search.settings (tenant_id) values ($1) on conflict do nothing returning tenant_id',
      [this.#tenantId],
    );
    if (inserted.length > 0) {
      for (const [place, settings] of defaultProviders.entries()) {
        await this.insert(uuidv7(), settings, place);
      }
    }
    const setup = await this.findSetup();
    if (!setup) throw new Error('The search settings of a tenant were not there after they were written.');
    return setup;
  }

  /** Makes changes of providers wait for each other until the transaction ends, and forgets cached answers. */
  async lockAndInvalidate(): Promise<void> {
    await this.#sql('update search.settings set generation = generation + 1 where tenant_id = $1', [
      this.#tenantId,
    ]);
  }

  async insert(id: string, settings: ProviderSettings, place: number): Promise<void> {
    await this.#sql(
      `insert into search.providers (id, tenant_id, place, ${settingColumns.join(', ')})
       values ($1, $2, $3, ${settingColumns.map((_, index) => `$${index + 4}`).join(', ')})`,
      [id, this.#tenantId, place, ...settingValues(settings)],
    );
  }

  /** False when the provider is no longer of this version. */
  async update(id: string, version: number, settings: ProviderSettings): Promise<boolean> {
    const assignments = settingColumns.map((column, index) => `${column} = $${index + 4}`);
    const rows = await this.#sql(
      `update search.providers set ${assignments.join(', ')}, version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2 and version = $3 returning id`,
      [this.#tenantId, id, version, ...settingValues(settings)],
    );
    return rows.length > 0;
  }

  /** Its charges stay: they are the ledger. */
  async delete(id: string, version: number): Promise<boolean> {
    const rows = await this.#sql(
      `with gone as (
         delete from search.providers where tenant_id = $1 and id = $2 and version = $3 returning id
       ), meter as (delete from search.provider_meters where provider_id in (select id from gone)
       ), samples as (delete from search.provider_samples where provider_id in (select id from gone))
       select id from gone`,
      [this.#tenantId, id, version],
    );
    return rows.length > 0;
  }

  /** Gives each provider its place in the list. */
  async reorder(ids: readonly string[]): Promise<void> {
    await this.#sql(
      `update search.providers set place = given.place, version = version + 1, updated_at = now()
       from unnest($2::uuid[], $3::int[]) as given (id, place)
       where providers.tenant_id = $1 and providers.id = given.id and providers.place <> given.place`,
      [this.#tenantId, ids, ids.map((_, place) => place)],
    );
  }

  /** False when the settings are no longer of this version. */
  async updateSettings(
    version: number,
    settings: Pick<TenantSettings, 'currency' | 'cacheTtlSeconds'>,
  ): Promise<boolean> {
    const rows = await this.#sql(
      `update search.settings
       set currency = $3, cache_ttl_seconds = $4, version = version + 1, updated_at = now()
       where tenant_id = $1 and version = $2 returning tenant_id`,
      [this.#tenantId, version, settings.currency, settings.cacheTtlSeconds],
    );
    return rows.length > 0;
  }

  /** Whether money was ever reserved: its currency can't change any more. */
  async hasCharges(): Promise<boolean> {
    const rows = await this.#sql(
      'select 1 from search.charges where tenant_id = $1 and reserved_micros > 0 limit 1',
      [this.#tenantId],
    );
    return rows.length > 0;
  }
}

/**
 * Forgets all cached answers of a tenant. To be called in the transaction that changes what searches find: an import's
 * last chunk, a deletion.
 */
export async function invalidateSearchCache(sql: Sql, tenantId: string): Promise<void> {
  await sql('update search.settings set generation = generation + 1 where tenant_id = $1', [tenantId]);
}

const free: ProviderPrice = { perCall: 0n, perHit: 0n };
const unlimited: ProviderLimits = {
  ratePerSecond: null,
  burst: 1,
  concurrency: null,
  budgetDay: null,
  budgetMonth: null,
};
const builtIn: Omit<ProviderSettings, 'name' | 'kind' | 'searchKinds'> = {
  enabled: true,
  price: free,
  limits: unlimited,
  timeoutMs: 10_000,
  cacheTtlSeconds: null,
  breaker: { failures: 5, cooldownMs: 30_000 },
  config: null,
  secrets: null,
  secretNames: [],
};

/** What a tenant starts with: its own records, then facts about numbers and addresses. All of it free and offline. */
const defaultProviders: readonly ProviderSettings[] = [
  { ...builtIn, name: 'records', kind: 'records', searchKinds: [...queryKinds] },
  { ...builtIn, name: 'phone', kind: 'phone', searchKinds: ['phone', 'comprehensive'] },
  { ...builtIn, name: 'email', kind: 'email', searchKinds: ['email', 'comprehensive'] },
];

const settingColumns = [
  'name',
  'kind',
  'enabled',
  'search_kinds',
  'cost_per_call_micros',
  'cost_per_hit_micros',
  'budget_day_micros',
  'budget_month_micros',
  'timeout_ms',
  'rate_per_second',
  'rate_burst',
  'concurrency',
  'cache_ttl_seconds',
  'breaker_failures',
  'breaker_cooldown_ms',
  'config',
  'secrets',
  'secret_names',
] as const;

function settingValues(settings: ProviderSettings): unknown[] {
  const { price, limits, breaker } = settings;
  return [
    settings.name,
    settings.kind,
    settings.enabled,
    settings.searchKinds,
    String(price.perCall),
    String(price.perHit),
    limits.budgetDay === null ? null : String(limits.budgetDay),
    limits.budgetMonth === null ? null : String(limits.budgetMonth),
    settings.timeoutMs,
    limits.ratePerSecond,
    limits.burst,
    limits.concurrency,
    settings.cacheTtlSeconds,
    breaker.failures,
    breaker.cooldownMs,
    settings.config === null ? null : JSON.stringify(settings.config),
    settings.secrets,
    settings.secretNames,
  ];
}

const selectSetup = `
  select s.generation::text, s.currency, s.cache_ttl_seconds as tenant_ttl, s.version as settings_version,
         p.id, p.place, p.version, p.created_at, p.updated_at,
         ${settingColumns.map((column) => `p.${column}`).join(', ')},
         case when h.breaker_open_until > now() then h.breaker_open_until end as open_until
  from search.settings s
  left join search.providers p using (tenant_id)
  left join search.provider_health h on h.provider_id = p.id
  where s.tenant_id = $1
  order by p.place, p.id`;

interface SettingsRow {
  generation: string;
  currency: string;
  tenant_ttl: number;
  settings_version: number;
}

interface ProviderRow extends SettingsRow {
  id: string;
  place: number;
  version: number;
  created_at: string;
  updated_at: string;
  open_until: string | null;
  name: string;
  kind: ProviderKind;
  enabled: boolean;
  search_kinds: QueryKind[];
  cost_per_call_micros: string;
  cost_per_hit_micros: string;
  budget_day_micros: string | null;
  budget_month_micros: string | null;
  timeout_ms: number;
  rate_per_second: number | null;
  rate_burst: number;
  concurrency: number | null;
  cache_ttl_seconds: number | null;
  breaker_failures: number;
  breaker_cooldown_ms: number;
  config: Record<string, unknown> | null;
  secrets: string | null;
  secret_names: string[];
}

type SetupRow = ProviderRow | (SettingsRow & { id: null });

function toSettings(row: SettingsRow): TenantSettings {
  return {
    generation: row.generation,
    currency: row.currency,
    cacheTtlSeconds: row.tenant_ttl,
    version: row.settings_version,
  };
}

function toProvider(row: ProviderRow): StoredProvider {
  return {
    id: row.id,
    place: row.place,
    version: row.version,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    openUntil: row.open_until === null ? null : new Date(row.open_until),
    name: row.name,
    kind: row.kind,
    enabled: row.enabled,
    searchKinds: row.search_kinds,
    price: { perCall: BigInt(row.cost_per_call_micros), perHit: BigInt(row.cost_per_hit_micros) },
    limits: {
      ratePerSecond: row.rate_per_second,
      burst: row.rate_burst,
      concurrency: row.concurrency,
      budgetDay: row.budget_day_micros === null ? null : BigInt(row.budget_day_micros),
      budgetMonth: row.budget_month_micros === null ? null : BigInt(row.budget_month_micros),
    },
    timeoutMs: row.timeout_ms,
    cacheTtlSeconds: row.cache_ttl_seconds,
    breaker: { failures: row.breaker_failures, cooldownMs: row.breaker_cooldown_ms },
    config: row.config,
    secrets: row.secrets,
    secretNames: row.secret_names,
  };
}
