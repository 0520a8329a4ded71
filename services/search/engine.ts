import type { Sql } from '../../db/sql.ts';
import { queryKinds } from '../../domain/search/query.ts';
import { highestCost } from '../../domain/search/provider.ts';
import { contextOf, type Settlements } from './answering.ts';
import type {
  ManyAnswers,
  Micros,
  ProviderTest,
  SearchEffects,
  SearchEngine,
  SearchKind,
  SearchOptions,
  SearchPrice,
  SearchRequest,
  SearchResult,
  SearchScope,
} from './contract.ts';
import { descend } from './descent.ts';
import { effectsOf, writeEffects } from './effects.ts';
import { HealthReporter } from './health-reporter.ts';
import { searchMany } from './many-searches.ts';
import { sumOf } from './own-calls.ts';
import type { SearchParts } from './parts.ts';
import { Purse } from './purse.ts';
import { readQuestion } from './questions.ts';
import { SingleSearches } from './single-searches.ts';
import { Tenants } from './tenants.ts';

/** A search engine, and the way to end it. */
export interface RunningSearchEngine extends SearchEngine {
  /** Gives up what is under way and writes what is left of health reports. The parts stay their owner's to close. */
  close(): Promise<void>;
}

/** The search engine of this process. */
export function createSearchEngine(parts: SearchParts): RunningSearchEngine {
  return new Engine(parts);
}

/** A test shows whatever the provider says. */
const testOptions: SearchOptions = {
  minScore: 0,
  limit: 10,
  requiredFields: [],
  budget: null,
  recordSetIds: null,
  useCache: false,
};

class Engine implements RunningSearchEngine {
  readonly #with: { parts: SearchParts; health: HealthReporter; tenants: Tenants };
  readonly #closing = new AbortController();
  readonly #singles: SingleSearches;

  constructor(parts: SearchParts) {
    this.#with = { parts, health: new HealthReporter(parts), tenants: new Tenants(parts) };
    this.#singles = new SingleSearches({ ...this.#with, closing: this.#closing.signal });
  }

  async search(scope: SearchScope, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    return await this.#singles.search(scope, request, signal);
  }

  async searchMany(
    scope: SearchScope,
    requests: readonly SearchRequest[],
    signal: AbortSignal,
    budget: Micros | null = null,
  ): Promise<ManyAnswers> {
    return await searchMany(this.#with, scope, requests, this.#until(signal), budget);
  }

  async paid(
    scope: SearchScope,
    effectKeys: readonly string[],
    isOver: boolean,
  ): Promise<ReadonlyMap<string, Micros>> {
    const { tenants } = this.#with;
    const { setup } = await tenants.read(scope.tenantId);
    const ownCalls = await tenants.ownCallsOf(scope, setup);
    if (isOver) await ownCalls.close(effectKeys);
    const taken = await ownCalls.taken(effectKeys);
    return new Map([...taken].map(([effectKey, amounts]) => [effectKey, sumOf(amounts)]));
  }

  async recordEffects(sql: Sql, scope: SearchScope, effects: SearchEffects): Promise<void> {
    await writeEffects(sql, scope, effects);
  }

  async forgetAnswers(tenantId: string): Promise<void> {
    await this.#with.parts.answerCaches(tenantId).forget();
  }

  async price(scope: SearchScope, kind: SearchKind): Promise<SearchPrice> {
    const { setup, providers } = await this.#with.tenants.read(scope.tenantId);
    const steps = providers
      .filter(({ stored }) => stored.searchKinds.includes(kind))
      .map(({ stored }) => ({ provider: stored.name, cost: highestCost(stored.price) }));
    return {
      currency: setup.currency,
      maxMicros: steps.reduce((sum, { cost }) => sum + cost, 0n),
      steps: steps.map(({ provider, cost }) => ({ provider, costMicros: String(cost) })),
    };
  }

  async mayWait(scope: SearchScope, kind: SearchKind): Promise<boolean> {
    const { providers } = await this.#with.tenants.read(scope.tenantId);
    return providers.some(({ stored, waits }) => waits && stored.searchKinds.includes(kind));
  }

  async testProvider(
    scope: SearchScope,
    providerId: string,
    request: Pick<SearchRequest, 'kind' | 'fields' | 'effectKey'>,
    signal: AbortSignal,
  ): Promise<ProviderTest | null> {
    const { parts, tenants } = this.#with;
    const tenant = await tenants.read(scope.tenantId);
    const stored = tenant.setup.providers.find(({ id }) => id === providerId);
    if (!stored) return null;
    const read = readQuestion({ ...request, options: testOptions }, tenant.setup.generation);
    if ('problem' in read) return { step: null, people: [], facts: {}, problem: read.problem };
    const settlements: Settlements = [];
    const context = contextOf(this.#with, scope, tenant, this.#until(signal), settlements);
    const provider = tenants.providers.of(scope.tenantId, stored);
    const everyKind = { ...stored, searchKinds: [...queryKinds] };
    await descend(context, [{ ...provider, stored: everyKind }], [read.question], new Purse(null));
    await parts.database.transaction('search', ({ sql }) =>
      this.recordEffects(sql, scope, effectsOf(tenant.setup.currency, settlements, [])),
    );
    const { steps, people, facts } = read.question.course;
    return { step: steps[0] ?? null, people: [...people], facts: { ...facts }, problem: null };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#singles.settled();
    await this.#with.health.flush();
  }

  /** Until the caller gives up, or this engine ends. */
  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#closing.signal]);
  }
}
