import { chargedProviders } from '../../db/search/own-charges.ts';
import type { SearchSetup } from '../../db/search/provider.repository.ts';
import { highestCost } from '../../domain/search/provider.ts';
import { SharedReads } from '../../platform/shared-reads.ts';
import type { SearchScope } from './contract.ts';
import { inLedger, OwnCallsReader, type LedgerProvider } from './own-calls.ts';
import type { SearchParts } from './parts.ts';
import { ReadyProviders, type ReadyProvider } from './ready-provider.ts';
import { loadSetup } from './setup.ts';

/** A tenant's settings as they are now. */
export interface Tenant {
  setup: SearchSetup;
  /** Enabled, in order. */
  providers: ReadyProvider[];
}

/** What this process last knew of a tenant. */
interface Known {
  generation: string;
  /** A search may cost something. */
  costs: boolean;
  /** Providers that are in the ledger only; undefined until somebody asked for them. */
  deleted: readonly LedgerProvider[] | undefined;
}

/** Most tenants of whom something is remembered. */
const mostRemembered = 10_000;

/** The settings of tenants and their providers. */
export class Tenants {
  readonly providers: ReadyProviders;
  readonly #parts: SearchParts;
  readonly #setups = new SharedReads<SearchSetup>();
  readonly #known = new Map<string, Known>();

  constructor(parts: SearchParts) {
    this.#parts = parts;
    this.providers = new ReadyProviders(parts);
  }

  async read(tenantId: string): Promise<Tenant> {
    const setup = await this.#setups.read(tenantId, () => loadSetup(this.#parts.database, tenantId));
    this.#remember(tenantId, setup);
    const enabled = setup.providers.filter(({ enabled: isEnabled }) => isEnabled);
    return { setup, providers: enabled.map((stored) => this.providers.of(tenantId, stored)) };
  }

  /** By what is known of a tenant, answers that are there already can be looked for without reading its settings. */
  known(tenantId: string): Readonly<Known> | undefined {
    return this.#known.get(tenantId);
  }

  /** Rows of a batch may have been paid for while a provider was there that has been deleted since. */
  async ownCallsOf({ tenantId, fence }: SearchScope, setup: SearchSetup): Promise<OwnCallsReader> {
    const deleted = await this.#deletedProviders(tenantId, setup);
    return new OwnCallsReader(this.#parts.database, [...inLedger(setup.providers), ...deleted], fence);
  }

  /** Providers that are deleted change the generation: it is looked for them once in each. */
  async #deletedProviders(tenantId: string, setup: SearchSetup): Promise<readonly LedgerProvider[]> {
    const known = this.#known.get(tenantId);
    if (known?.deleted && known.generation === setup.generation) return known.deleted;
    const charged = await this.#parts.database.read('search', ({ sql }) => chargedProviders(sql, tenantId));
    const present = new Set(setup.providers.map(({ id }) => id));
    const deleted = charged
      .filter(({ id }) => !present.has(id))
      .map((provider) => ({ ...provider, isOutside: true }));
    if (known?.generation === setup.generation) known.deleted = deleted;
    return deleted;
  }

  /** Those that were not heard of for longest are forgotten. */
  #remember(tenantId: string, { generation, providers }: SearchSetup): void {
    const costs = providers.some(({ price }) => highestCost(price) > 0n);
    const before = this.#known.get(tenantId);
    const deleted = before?.generation === generation ? before.deleted : undefined;
    this.#known.delete(tenantId);
    this.#known.set(tenantId, { generation, costs, deleted });
    if (this.#known.size <= mostRemembered) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
