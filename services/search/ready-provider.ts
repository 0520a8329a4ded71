import type { StoredProvider } from '../../db/search/provider.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { httpProviderConfigSchema } from '../../domain/search/http-provider/config.ts';
import type { ProviderAnswer, SearchProvider } from '../../domain/search/provider.ts';
import type { Stage } from '../../domain/search/waterfall.ts';
import { SecretBoxError } from '../../platform/crypto/secret-box.ts';
import { EmailProvider } from '../../platform/providers/email-provider.ts';
import { HttpProvider } from '../../platform/providers/http-provider.ts';
import { PhoneProvider } from '../../platform/providers/phone-provider.ts';
import { Guard } from '../../platform/resilience/guard.ts';
import type { SearchParts } from './parts.ts';
import { openSecrets } from './provider-secrets.ts';
import { RecordsProvider } from './providers/records.ts';

/** A provider that can be asked, or the reason why it can't be. */
export interface ReadyProvider {
  stored: StoredProvider;
  stage: Stage;
  source: SearchProvider | { unusable: string };
  /** Stands before everything that is outside of this process; null for the rest. */
  guard: Guard<ProviderAnswer> | null;
  /** Calls need leave and are in the ledger: they cost, or are limited, or go outside. */
  metered: boolean;
  /** A call may take its time: it goes outside, or waits for its turn. */
  waits: boolean;
}

/** Most calls of one provider that a process has under way, where its owner sets no limit. */
export const mostCallsUnderWay = 64;

/** The vendor's own time-out, as the client counts it, comes first: it knows how far the request got. */
const graceMs = 250;

/** Most providers kept ready. */
const mostReady = 2_000;

/** The providers of all tenants as this process knows them, with their circuit breakers. */
export class ReadyProviders {
  readonly #parts: SearchParts;
  readonly #ready = new Map<string, ReadyProvider>();

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** A provider as stored now. One that was changed since is made anew, and its breaker starts closed. */
  of(tenantId: string, stored: StoredProvider): ReadyProvider {
    const known = this.#ready.get(stored.id);
    const isCurrent = known?.stored.version === stored.version;
    const ready = known && isCurrent ? { ...known, stored } : this.#make(tenantId, stored);
    // Behind the others: those that were asked least lately are forgotten.
    this.#ready.delete(stored.id);
    this.#ready.set(stored.id, ready);
    if (this.#ready.size > mostReady) {
      const [oldest] = this.#ready.keys();
      if (oldest !== undefined) this.#ready.delete(oldest);
    }
    return ready;
  }

  #make(tenantId: string, stored: StoredProvider): ReadyProvider {
    const { name, kind, price, limits, timeoutMs, breaker } = stored;
    const outside = kind === 'http';
    const waits = outside || limits.ratePerSecond !== null || limits.concurrency !== null;
    return {
      stored,
      stage: { name, kind, price },
      source: this.#source(tenantId, stored),
      guard: outside
        ? new Guard<ProviderAnswer>(
            {
              timeoutMs: timeoutMs + graceMs,
              concurrency: limits.concurrency ?? mostCallsUnderWay,
              queue: 100_000,
              opensAfter: breaker.failures,
              probesAfterMs: breaker.cooldownMs,
            },
            ({ outcome }) => outcome === 'error',
          )
        : null,
      metered: waits || price.perCall + price.perHit > 0n,
      waits,
    };
  }

  #source(tenantId: string, stored: StoredProvider): ReadyProvider['source'] {
    if (stored.kind === 'records') return new RecordsProvider(this.#parts.database, tenantId);
    if (stored.kind === 'phone') return new PhoneProvider();
    if (stored.kind === 'email') return new EmailProvider();
    const config = httpProviderConfigSchema.safeParse(stored.config);
    if (!config.success) return { unusable: 'its configuration is no longer valid' };
    try {
      const secrets = openSecrets(this.#parts.secretBox, { tenantId, providerId: stored.id }, stored.secrets);
      const request = { ...config.data.request, timeout_ms: stored.timeoutMs };
      return new HttpProvider({ config: { ...config.data, request }, secrets, client: this.#parts.outbound });
    } catch (error) {
      if (error instanceof SecretBoxError) return { unusable: 'its secrets cannot be opened' };
      if (error instanceof Failure) return { unusable: 'it lacks a secret' };
      throw error;
    }
  }
}
