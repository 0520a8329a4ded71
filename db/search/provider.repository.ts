import { v7 as uuidv7 } from 'uuid';
import type { Sql } from '../sql.ts';
import { defaultProviders } from './default-providers.ts';
import {
  selectSetup,
  settingColumns,
  settingValues,
  toProvider,
  toSettings,
  type SetupRow,
} from './provider-row.ts';
import type { ProviderSettings, SearchSetup, TenantSettings } from './provider.ts';

export type { ProviderSettings, SearchSetup, StoredProvider, TenantSettings } from './provider.ts';

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
    const rows = await this.#sql<SetupRow>(selectSetup, [this.#tenantId], 'search.select_setup');
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
