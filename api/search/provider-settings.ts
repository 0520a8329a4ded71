import type { ProviderSettings, StoredProvider } from '../../db/search/provider.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { secretNamesOf } from '../../domain/search/http-provider/check-templates.ts';
import type { HttpProviderConfig } from '../../domain/search/http-provider/config.ts';
import { parseDecimal } from '../../domain/search/micros.ts';
import { queryKinds, type QueryKind } from '../../domain/search/query.ts';
import type { ProviderKind } from '../../domain/search/provider.ts';
import type { NewProvider, ProviderChange } from './provider.schemas.ts';

/** What a new provider of a kind serves, unless told otherwise. */
const usualKinds: Record<Exclude<ProviderKind, 'http'>, QueryKind[]> = {
  records: [...queryKinds],
  phone: ['phone', 'comprehensive'],
  email: ['email', 'comprehensive'],
};

/** Settings without secrets, which are sealed apart. */
export type OpenSettings = Omit<ProviderSettings, 'secrets' | 'secretNames'>;

export function settingsOfNew(body: NewProvider): OpenSettings {
  return {
    name: body.name,
    kind: body.kind,
    enabled: body.enabled,
    searchKinds: [...new Set(body.search_kinds ?? kindsOf(body))],
    price: { perCall: parseDecimal(body.cost_per_call), perHit: parseDecimal(body.cost_per_hit) },
    limits: {
      ratePerSecond: body.rate_per_second,
      burst: body.rate_burst,
      concurrency: body.concurrency,
      budgetDay: body.budget_per_day === null ? null : parseDecimal(body.budget_per_day),
      budgetMonth: body.budget_per_month === null ? null : parseDecimal(body.budget_per_month),
    },
    timeoutMs: body.timeout_ms ?? body.http?.request.timeout_ms ?? 10_000,
    cacheTtlSeconds: body.cache_ttl_seconds,
    breaker: { failures: body.breaker.failures, cooldownMs: body.breaker.cooldown_ms },
    config: body.http ?? null,
  };
}

function kindsOf({ kind, http }: NewProvider): QueryKind[] {
  return kind === 'http' ? (http?.kinds ?? [...queryKinds]) : usualKinds[kind];
}

/** The settings of a provider after a change: what the change does not name stays. */
export function settingsAfter(stored: StoredProvider, change: ProviderChange): OpenSettings {
  const { price, limits, breaker } = stored;
  return {
    name: change.name ?? stored.name,
    kind: stored.kind,
    enabled: change.enabled ?? stored.enabled,
    searchKinds: [...new Set(change.search_kinds ?? stored.searchKinds)],
    price: {
      perCall: change.cost_per_call === undefined ? price.perCall : parseDecimal(change.cost_per_call),
      perHit: change.cost_per_hit === undefined ? price.perHit : parseDecimal(change.cost_per_hit),
    },
    limits: {
      ratePerSecond: change.rate_per_second === undefined ? limits.ratePerSecond : change.rate_per_second,
      burst: change.rate_burst ?? limits.burst,
      concurrency: change.concurrency === undefined ? limits.concurrency : change.concurrency,
      budgetDay: change.budget_per_day === undefined ? limits.budgetDay : optional(change.budget_per_day),
      budgetMonth:
        change.budget_per_month === undefined ? limits.budgetMonth : optional(change.budget_per_month),
    },
    timeoutMs: change.timeout_ms ?? stored.timeoutMs,
    cacheTtlSeconds:
      change.cache_ttl_seconds === undefined ? stored.cacheTtlSeconds : change.cache_ttl_seconds,
    breaker: change.breaker
      ? { failures: change.breaker.failures, cooldownMs: change.breaker.cooldown_ms }
      : breaker,
    config: change.http ?? stored.config,
  };
}

function optional(amount: string | null): bigint | null {
  return amount === null ? null : parseDecimal(amount);
}

/**
 * The secrets after a change, checked against what the configuration needs.
 *
 * @throws Failure `search.provider_invalid` naming each secret that is needed and not set
 */
export function secretsAfter(
  known: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
  config: HttpProviderConfig | null,
): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...known, ...change }))
    if (value !== null) secrets[name] = value;
  const needed = config ? secretNamesOf(config.request) : [];
  const missing = needed.filter((name) => !Object.hasOwn(secrets, name));
  if (missing.length > 0) {
    throw new Failure('search.provider_invalid', 'The provider needs secrets that are not set.', {
      issues: missing.map((name) => ({
        pointer: `/body/secrets/${name}`,
        message: 'The request needs this secret.',
      })),
    });
  }
  return secrets;
}
