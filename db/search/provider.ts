import type { ProviderLimits } from '../../domain/search/admission.ts';
import type { ProviderKind, ProviderPrice } from '../../domain/search/provider.ts';
import type { QueryKind } from '../../domain/search/query.ts';

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
  /** For how long its circuit is still open, as the process where it tripped tells; null when it is not. */
  openForMs: number | null;
}

export interface TenantSettings {
  /** Part of every cache key: one more makes all cached answers of the tenant unreachable. */
  generation: string;
  currency: string;
  cacheTtlSeconds: number;
  version: number;
  /** The database's time at which this was read. */
  readAt: Date;
}

/** Everything a tenant's searches run on. */
export interface SearchSetup extends TenantSettings {
  /** In the order of the waterfall, disabled ones too. */
  providers: StoredProvider[];
}
