import type { z } from 'zod';
import { healthWindowMinutes, type ProviderHealth } from '../../db/search/provider-health.repository.ts';
import type { StoredProvider } from '../../db/search/provider.repository.ts';
import { secretNamesOf } from '../../domain/search/http-provider/check-templates.ts';
import { httpProviderConfigSchema } from '../../domain/search/http-provider/config.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { provider, providerHealth } from './provider.schemas.ts';

/** A provider as its owner sees it: everything but the values of its secrets. */
export function presentProvider(stored: StoredProvider, currency: string): z.input<typeof provider> {
  const { limits, price } = stored;
  return {
    id: stored.id,
    kind: stored.kind,
    name: stored.name,
    position: stored.place,
    enabled: stored.enabled,
    search_kinds: stored.searchKinds,
    cost_per_call: formatDecimal(price.perCall),
    cost_per_hit: formatDecimal(price.perHit),
    currency,
    budget_per_day: limits.budgetDay === null ? null : formatDecimal(limits.budgetDay),
    budget_per_month: limits.budgetMonth === null ? null : formatDecimal(limits.budgetMonth),
    timeout_ms: stored.timeoutMs,
    rate_per_second: limits.ratePerSecond,
    rate_burst: limits.burst,
    concurrency: limits.concurrency,
    cache_ttl_seconds: stored.cacheTtlSeconds,
    breaker: { failures: stored.breaker.failures, cooldown_ms: stored.breaker.cooldownMs },
    http: stored.config,
    secrets: presentSecrets(stored),
    created_at: stored.createdAt.toISOString(),
    updated_at: stored.updatedAt.toISOString(),
  };
}

function presentSecrets({ config, secretNames }: StoredProvider): Record<string, 'set' | 'unset'> {
  const read = httpProviderConfigSchema.safeParse(config);
  const needed = read.success ? secretNamesOf(read.data.request) : [];
  const names = [...new Set([...needed, ...secretNames])].toSorted((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(names.map((name) => [name, secretNames.includes(name) ? 'set' : 'unset']));
}

export function presentHealth(health: ProviderHealth, currency: string): z.input<typeof providerHealth> {
  return {
    window_minutes: healthWindowMinutes,
    calls: health.calls,
    hits: health.hits,
    misses: health.misses,
    errors: health.errors,
    throttled: health.throttled,
    error_rate: health.calls === 0 ? null : health.errors / health.calls,
    p50_milliseconds: health.p50Milliseconds,
    p95_milliseconds: health.p95Milliseconds,
    last_success_at: health.lastSuccessAt?.toISOString() ?? null,
    last_failure_at: health.lastFailureAt?.toISOString() ?? null,
    last_failure: health.lastFailure,
    breaker: { state: health.breakerState, open_until: health.breakerOpenUntil?.toISOString() ?? null },
    paused_until: health.pausedUntil?.toISOString() ?? null,
    calls_under_way: health.callsUnderWay,
    spent: {
      today: formatDecimal(BigInt(health.spentDayMicros)),
      this_month: formatDecimal(BigInt(health.spentMonthMicros)),
      currency,
    },
  };
}
