import { randomBytes } from 'node:crypto';
import type { Database } from '../../db/database.ts';
import {
  addTenantKey,
  findTenantKey,
  lockTenantKeys,
  newestTenantKey,
  resealTenantKey,
  type StoredTenantKey,
} from '../../db/identity/tenant-keys.repository.ts';
import { Failure } from '../../domain/failure.ts';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import { isOutage } from '../../platform/outage.ts';
import type { TenantKey, TenantKeys } from '../../platform/temporal/tenant-sealing.ts';

/** How long a process goes on with a key without looking whether it still exists. */
const freshMilliseconds = 60_000;
/** How soon it looks again when the database was away, and the key in memory had to do. */
const retryMilliseconds = 5_000;
/** Keys in memory; the least recently read go first. */
const mostKeys = 10_000;
const keyBytes = 32;

interface Kept {
  key: Promise<TenantKey>;
  freshUntil: number;
}

/**
 * The tenants' keys of identity's database, kept in memory. A destroyed one is out of use in every process within a
 * minute; while the database is away, what is in memory does.
 */
export class StoredTenantKeys implements TenantKeys {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(database: Database, box: SecretBox, now: () => number = Date.now) {
    this.#database = database;
    this.#box = box;
    this.#now = now;
  }

  current(tenantId: string): Promise<TenantKey> {
    return this.#keep(tenantId, () => this.#newest(tenantId));
  }

  find(tenantId: string, version: number): Promise<TenantKey> {
    return this.#keep(`${tenantId}:${version}`, async () => {
      // What is no UUID names no tenant, and would be an error of the database.
      const named = uuid.test(tenantId)
        ? await this.#database.read('identity', ({ sql }) => findTenantKey(sql, tenantId, version))
        : null;
      if (named) return this.#opened(named);
      throw new Failure('codec.key_unknown', `There is no payload key ${version} of the tenant ${tenantId}.`);
    });
  }

  #keep(name: string, load: () => Promise<TenantKey>): Promise<TenantKey> {
    const now = this.#now();
    const kept = this.#kept.get(name);
    if (kept && kept.freshUntil > now) return kept.key;
    const entry: Kept = { key: this.#reload(name, load, kept), freshUntil: now + freshMilliseconds };
    this.#kept.delete(name);
    this.#kept.set(name, entry);
    for (const [oldest, { freshUntil }] of this.#kept) {
      // What nobody has asked for in ten times that leaves the memory: it may be destroyed by now.
      if (this.#kept.size <= mostKeys && freshUntil > now - 10 * freshMilliseconds) break;
      this.#kept.delete(oldest);
    }
    return entry.key;
  }

  async #reload(name: string, load: () => Promise<TenantKey>, before: Kept | undefined): Promise<TenantKey> {
    try {
      return await load();
    } catch (error) {
      const entry = this.#kept.get(name);
      if (before && isOutage(error)) {
        if (entry) entry.freshUntil = this.#now() + retryMilliseconds;
        return await before.key;
      }
      this.#kept.delete(name);
      throw error;
    }
  }

  async #newest(tenantId: string): Promise<TenantKey> {
    const newest = () => this.#database.read('identity', ({ sql }) => newestTenantKey(sql, tenantId));
    const known = await newest();
    if (known) return this.#opened(known);
    await this.#database.transaction('identity', ({ sql }) => addTenantKey(sql, this.#make(tenantId)));
    // Not the one made here: another process may have been first.
    const stored = await newest();
    if (!stored) throw new Error('A key that was just stored is not there.');
    return this.#opened(stored);
  }

  #make(tenantId: string): StoredTenantKey {
    const key = { tenantId, version: 1 };
    return { ...key, sealed: this.#box.seal(randomBytes(keyBytes).toString('base64'), contextOf(key)) };
  }

  #opened(stored: StoredTenantKey): TenantKey {
    const { tenantId, version, sealed } = stored;
    if (sealed === null)
      throw new Failure('codec.tenant_erased', `The tenant ${tenantId} was erased, and its keys with it.`);
    return { version, key: Buffer.from(this.#box.open(sealed, contextOf(stored)), 'base64') };
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const keysAtOnce = 500;

/** Seals the tenants' keys anew that are not sealed by the ring's first key. Gives how many. Idempotent by nature. */
export async function resealTenantKeys(database: Database, box: SecretBox): Promise<number> {
  let resealed = 0;
  let after: StoredTenantKey | null = null;
  for (;;) {
    const last: StoredTenantKey | null = after;
    const slice = await database.transaction('identity', async ({ sql }) => {
      const keys = await lockTenantKeys(sql, last, keysAtOnce);
      for (const key of keys.filter(({ sealed }) => box.isStale(sealed))) {
        const context = contextOf(key);
        await resealTenantKey(sql, { ...key, sealed: box.seal(box.open(key.sealed, context), context) });
        resealed += 1;
      }
      return keys;
    });
    after = slice.at(-1) ?? null;
    if (after === null) return resealed;
  }
}

/** What a sealed key is bound to: it can't be moved to another tenant. */
function contextOf({ tenantId, version }: Pick<StoredTenantKey, 'tenantId' | 'version'>): string[] {
  return ['identity.tenant_keys', tenantId, String(version)];
}
