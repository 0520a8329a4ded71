import type { ProviderKind } from '../../domain/search/provider.ts';
import type { QueryKind } from '../../domain/search/query.ts';
import type { ProviderSettings, StoredProvider, TenantSettings } from './provider.ts';

/** The columns of what an owner decides, in the order of `settingValues`. */
export const settingColumns = [
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

export function settingValues(settings: ProviderSettings): unknown[] {
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

/** One row a provider; one without a provider for a tenant that has none. */
export const selectSetup = `
  select s.generation::text, s.currency, s.cache_ttl_seconds as tenant_ttl, s.version as settings_version,
         p.id, p.place, p.version, p.created_at, p.updated_at,
         ${settingColumns.map((column) => `p.${column}`).join(', ')},
         case when h.breaker_open_until > now()
              then extract(epoch from h.breaker_open_until - now())::float8 * 1000 end as open_for_ms,
         clock_timestamp() as read_at
  from search.settings s
  left join search.providers p using (tenant_id)
  left join search.provider_health h on h.provider_id = p.id
  where s.tenant_id = $1
  order by p.place, p.id`;

export interface SettingsRow {
  generation: string;
  currency: string;
  tenant_ttl: number;
  settings_version: number;
  read_at: string;
}

export interface ProviderRow extends SettingsRow {
  id: string;
  place: number;
  version: number;
  created_at: string;
  updated_at: string;
  open_for_ms: number | null;
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

export type SetupRow = ProviderRow | (SettingsRow & { id: null });

export function toSettings(row: SettingsRow): TenantSettings {
  return {
    generation: row.generation,
    currency: row.currency,
    cacheTtlSeconds: row.tenant_ttl,
    version: row.settings_version,
    readAt: new Date(row.read_at),
  };
}

export function toProvider(row: ProviderRow): StoredProvider {
  return {
    id: row.id,
    place: row.place,
    version: row.version,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    openForMs: row.open_for_ms,
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
