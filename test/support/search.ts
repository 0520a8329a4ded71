import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../db/database.ts';
import { FreshAnswers } from '../../db/search/fresh-answers.ts';
import { openAnswerCaches } from '../../db/search/open-answer-caches.ts';
import { PersonRepository } from '../../db/search/person.repository.ts';
import {
  invalidateSearchCache,
  ProviderRepository,
  type ProviderSettings,
} from '../../db/search/provider.repository.ts';
import { sealSecrets } from '../../services/search/provider-secrets.ts';
import type { PersonFields } from '../../domain/search/person.ts';
import type { QueryInput, QueryKind } from '../../domain/search/query.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { OutboundClient } from '../../platform/http/outbound.ts';
import { createLogger } from '../../platform/log.ts';
import type {
  SearchOptions,
  SearchRequest,
  SearchResult,
  SearchScope,
} from '../../services/search/contract.ts';
import { createSearchEngine, type RunningSearchEngine } from '../../services/search/engine.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import type { Vendor } from './vendor.ts';

const defaults: SearchOptions = {
  minScore: 0.5,
  limit: 10,
  requiredFields: [],
  budget: null,
  recordSetIds: null,
  useCache: true,
};

const httpDefaults: Omit<ProviderSettings, 'name'> = {
  kind: 'http',
  enabled: true,
  searchKinds: ['email', 'phone', 'name', 'address', 'comprehensive'],
  price: { perCall: 0n, perHit: 0n },
  limits: { ratePerSecond: null, burst: 1, concurrency: null, budgetDay: null, budgetMonth: null },
  timeoutMs: 2_000,
  cacheTtlSeconds: null,
  breaker: { failures: 5, cooldownMs: 30_000 },
  config: null,
  secrets: null,
  secretNames: [],
};

/** The configuration of an `http` provider for a vendor of this machine, which answers with `{ people, final }`. */
export function vendorConfig(vendor: Pick<Vendor, 'origin'>, path = '/v1/lookup'): Record<string, unknown> {
  return {
    kinds: ['email', 'phone', 'name', 'address', 'comprehensive'],
    request: {
      url: `${vendor.origin}${path}?phone={{phone.e164}}&name={{name.full}}`,
      headers: { 'idempotency-key': '{{call.key}}' },
    },
    answer: {
      people: '/people',
      fields: { full_name: '/name', date_of_birth: '/born', phones: ['/phone'], emails: ['/email'] },
      score: { pointer: '/score', otherwise: 0.9 },
    },
    validated: [{ pointer: '/final', equals: true }],
  };
}

/** One engine as a process of its own would have it: own pool, own client. */
export interface EngineProcess {
  engine: RunningSearchEngine;
  database: Database;
  close(): Promise<void>;
}

/** A database, and search engines over it. */
export class SearchHarness {
  readonly db: TestDatabase;
  readonly secretBox = new SecretBox({ current: 'k1', keys: new Map([['k1', randomBytes(32)]]) });
  readonly #processes: EngineProcess[] = [];
  readonly #allowPrivate: readonly string[];

  constructor(db: TestDatabase, allowPrivate: readonly string[]) {
    this.db = db;
    this.#allowPrivate = allowPrivate;
  }

  /** Another engine on the same database, with a pool of its own. */
  process(poolSize = 10): EngineProcess {
    const database = new Database({
      url: this.db.urlOf('search'),
      domainUrls: {},
      poolSize,
      applicationName: 'engine',
    });
    const outbound = new OutboundClient({ allowPrivate: this.#allowPrivate });
    const engine = createSearchEngine({
      database,
      answerCaches: openAnswerCaches(database, null, this.secretBox),
      freshAnswers: new FreshAnswers(database),
      outbound,
      secretBox: this.secretBox,
      hashKey: randomBytes(32),
      log: createLogger('test', 'silent'),
    });
    const close = async (): Promise<void> => {
      await engine.close();
      await outbound.close();
      await database.close();
    };
    const made = { engine, database, close };
    this.#processes.push(made);
    return made;
  }

  get engine(): RunningSearchEngine {
    return (this.#processes[0] ?? this.process()).engine;
  }

  async search(
    tenantId: string,
    kind: QueryKind,
    fields: QueryInput,
    options: Partial<SearchOptions> = {},
  ): Promise<SearchResult> {
    const request = requestOf(kind, fields, options);
    return await this.engine.search(scopeOf(tenantId), request, new AbortController().signal);
  }

  /** A record set of these people. */
  async recordSet(tenantId: string, people: readonly PersonFields[]): Promise<string> {
    const recordSetId = uuidv7();
    await this.db.database.transaction('search', async ({ sql }) => {
      await sql('insert into search.record_sets (id, tenant_id, name) values ($1, $2, $3)', [
        recordSetId,
        tenantId,
        recordSetId,
      ]);
      const persons = people.map((fields) => ({ fields }));
      await new PersonRepository(sql).insert({ tenantId, recordSetId, persons });
      await invalidateSearchCache(sql, tenantId);
    });
    return recordSetId;
  }

  /** Adds a provider behind those that are there. */
  async provider(
    tenantId: string,
    settings: Partial<ProviderSettings> & Pick<ProviderSettings, 'name'>,
    secrets: Record<string, string> = {},
  ): Promise<string> {
    const id = uuidv7();
    await this.db.database.transaction('search', async ({ sql }) => {
      const providers = new ProviderRepository(sql, tenantId);
      const setup = await providers.ensureSetup();
      const sealed = sealSecrets(this.secretBox, { tenantId, providerId: id }, secrets);
      const made = { ...httpDefaults, ...settings, secrets: sealed, secretNames: Object.keys(secrets) };
      await providers.insert(id, made, setup.providers.length);
      await providers.lockAndInvalidate();
    });
    return id;
  }

  /** Takes the providers away that every tenant starts with. */
  async withoutDefaults(tenantId: string): Promise<void> {
    await this.db.database.transaction('search', async ({ sql }) => {
      await new ProviderRepository(sql, tenantId).ensureSetup();
      await sql('delete from search.providers where tenant_id = $1', [tenantId]);
    });
  }

  async rows<T extends object>(text: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return await this.db.database.read('search', ({ sql }) => sql<T>(text, parameters));
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.close()));
    await this.db.close();
  }
}

/** @param allowPrivate `host:port` pairs of local vendors */
export async function searchHarness(allowPrivate: readonly string[] = []): Promise<SearchHarness> {
  return new SearchHarness(await testDatabase({ of: ['search'] }), allowPrivate);
}

export function scopeOf(tenantId: string, changes: Partial<SearchScope> = {}): SearchScope {
  return { tenantId, userId: null, source: 'api', traceId: null, ...changes };
}

export function requestOf(
  kind: QueryKind,
  fields: QueryInput,
  options: Partial<SearchOptions> = {},
  effectKey = `search:${uuidv7()}`,
): SearchRequest {
  return { kind, fields, options: { ...defaults, ...options }, effectKey };
}
