import type { Database } from '../../db/database.ts';
import { candidateById, candidatesOf, type SourceCandidate } from '../../db/webhooks/source-candidates.ts';
import type { SourceKind } from '../../domain/webhooks/inbound/source.ts';
import { ifOpens } from '../../platform/crypto/secret-box.ts';
import { TtlCache } from '../../platform/ttl-cache.ts';
import type { SourceSecret, SourceSecrets } from './source-secrets.ts';

/** By what the sources that may have sent a request are found. */
export type SourceSearch = { sourceId: string } | { kind: SourceKind; account: string | null };

/** A source that may have sent a request, with its secrets; null when they can't be opened any more. */
export interface KnownSource extends SourceCandidate {
  opened: readonly SourceSecret[] | null;
}

const keptMilliseconds = 60_000;

/**
 * The sources that may have sent a request, kept for a minute, so that a webhook costs one round trip to the database and no
 * unsealing. They may have changed meanwhile: whoever logs a delivery has the database compare their version, and what is
 * refused here is to be tried on `fresh` ones.
 */
export class KnownSources {
  readonly #database: Database;
  readonly #secrets: SourceSecrets;
  readonly #kept = new TtlCache<KnownSource[]>(keptMilliseconds);

  constructor(database: Database, secrets: SourceSecrets) {
    this.#database = database;
    this.#secrets = secrets;
  }

  /** @returns them, and whether they were kept from before */
  async find(search: SourceSearch, fresh: boolean): Promise<{ sources: KnownSource[]; kept: boolean }> {
    const key = 'sourceId' in search ? search.sourceId : `${search.kind} ${search.account ?? ''}`;
    if (fresh) this.#kept.forget(key);
    let kept = true;
    const sources = await this.#kept.get(key, () => {
      kept = false;
      return this.#load(search);
    });
    // An address that nobody has, of which there are endlessly many, is not worth remembering.
    if (sources.length === 0) this.#kept.forget(key);
    return { sources, kept };
  }

  async #load(search: SourceSearch): Promise<KnownSource[]> {
    const candidates = await this.#database.read('webhooks', ({ sql }) =>
      'sourceId' in search
        ? candidateById(sql, search.sourceId)
        : candidatesOf(sql, search.kind, search.account),
    );
    return candidates.map((source) => ({ ...source, opened: ifOpens(() => this.#secrets.open(source)) }));
  }
}
