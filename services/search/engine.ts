import { hash } from 'node:crypto';
import { chargedProviders } from '../../db/search/own-charges.ts';
import type { SearchSetup } from '../../db/search/provider.repository.ts';
import type { Sql } from '../../db/sql.ts';
import type { SharedAnswer } from '../../domain/search/answer.ts';
import { queryKinds } from '../../domain/search/query.ts';
import { highestCost } from '../../domain/search/provider.ts';
import { mapInTurns } from '../../platform/in-turns.ts';
import { SharedReads } from '../../platform/shared-reads.ts';
import { answerOf, invalidResult, logEntryOf, resultOf, searchIdOf, ttlOf } from './answers.ts';
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
import { effectsOf, performed, writeEffects } from './effects.ts';
import { HealthReporter } from './health-reporter.ts';
import type { MeteredContext } from './metered-context.ts';
import type { SearchParts } from './parts.ts';
import { inLedger, OwnCallsReader, type LedgerProvider } from './own-calls.ts';
import { Purse } from './purse.ts';
import { readQuestion, type Question } from './questions.ts';
import { ReadyProviders, type ReadyProvider } from './ready-provider.ts';
import { SearchRecorder } from './recorder.ts';
import { loadSetup } from './setup.ts';
import { answerShared, type Shared, type WorkedOut } from './shared-answers.ts';

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

/** Most tenants whose generation is remembered. */
const mostRemembered = 10_000;

interface Tenant {
  setup: SearchSetup;
  /** Enabled, in order. */
  providers: ReadyProvider[];
}

class Engine implements RunningSearchEngine {
  readonly #parts: SearchParts;
  readonly #providers: ReadyProviders;
  readonly #health: HealthReporter;
  readonly #recorder: SearchRecorder;
  readonly #setups = new SharedReads<SearchSetup>();
  /** What this process last knew of tenants, by which answers that are there already are looked for. */
  readonly #known = new Map<string, Known>();
  readonly #hashKey: string;
  readonly #closing = new AbortController();
  /** Questions of single searches that this process works on or waits for. */
  readonly #underWay = new Map<string, Promise<Worked>>();
  readonly #searching = new Set<Promise<SearchResult>>();

  constructor(parts: SearchParts) {
    this.#parts = parts;
    this.#hashKey = parts.hashKey.toString('base64');
    this.#providers = new ReadyProviders(parts);
    this.#health = new HealthReporter(parts);
    this.#recorder = new SearchRecorder(parts.database);
  }

  async forgetAnswers(tenantId: string): Promise<void> {
    await this.#parts.answerCaches(tenantId).forget();
  }

  /**
   * Once begun, a search goes on to its log entry also when its caller goes away: others may wait for the same answer, and
   * what is called is paid.
   */
  async search(scope: SearchScope, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    signal.throwIfAborted();
    const searching = this.#searchAndRecord(scope, request);
    this.#searching.add(searching);
    // Whoever waits hears of a failure; this is for when nobody waits any more.
    void searching.catch(() => undefined).finally(() => this.#searching.delete(searching));
    return await unlessAborted(searching, signal);
  }

  async searchMany(
    scope: SearchScope,
    requests: readonly SearchRequest[],
    signal: AbortSignal,
    budget: Micros | null = null,
  ): Promise<ManyAnswers> {
    const started = performance.now();
    const tenant = await this.#tenant(scope.tenantId);
    const read = await mapInTurns(requests, (request) => readQuestion(request, tenant.setup.generation));
    const leaders = new Map<string, Question>();
    for (const one of read) {
      if ('problem' in one) continue;
      const key = equalityKey(one.question);
      if (!leaders.has(key)) leaders.set(key, one.question);
    }
    const settlements: SearchEffects['settlements'][number][] = [];
    const context = this.#context(scope, tenant, AbortSignal.any([signal, this.#closing.signal]), (later) =>
      settlements.push(later),
    );
    const questions = read.flatMap((one) => ('problem' in one ? [] : [one.question]));
    const ownCalls = await this.#ownCalls(scope, tenant.setup);
    const purse = await purseOf(budget, questions, ownCalls);
    const answers = await this.#answer(context, tenant, [...leaders.values()], purse, 'dear');
    // Calls that were broken off look like calls that failed, and whoever stored that would never ask them again.
    context.signal.throwIfAborted();
    const answerTo = (question: Question): Shared => {
      const leader = leaders.get(equalityKey(question));
      const shared = leader && answers.get(leader);
      if (!shared) throw new Error('A question got no answer.');
      return { answer: shared.answer, others: shared.others || leader !== question };
    };
    const spent = await ownCalls.spent(
      questions.map((question) => {
        const { answer } = answerTo(question);
        const waits = question.mayWait && answer.retryLater !== undefined;
        return { effectKey: question.effectKey, answer, waits };
      }),
      settlements,
    );
    for (const calls of spent.values()) settlements.push(...calls.settlements);
    const results = await mapInTurns(read, (one, index) => {
      const asked = { searchId: searchIdOf(at(requests, index)), currency: tenant.setup.currency };
      if ('problem' in one) return invalidResult(asked, one.problem);
      const { query, effectKey } = one.question;
      const { answer, others } = answerTo(one.question);
      return resultOf({ ...asked, query }, answer, others, spent.get(effectKey));
    });
    const share = (performance.now() - started) / Math.max(1, requests.length);
    const performedAt = endOf(tenant.setup.readAt, started);
    const log = await mapInTurns(results, (result, index) =>
      logEntryOf(result, at(requests, index), this.#hash(scope, result), share, performedAt),
    );
    return { results, effects: effectsOf(tenant.setup.currency, settlements, log) };
  }

  async paid(
    scope: SearchScope,
    effectKeys: readonly string[],
    isOver: boolean,
  ): Promise<ReadonlyMap<string, Micros>> {
    const { setup } = await this.#tenant(scope.tenantId);
    const ownCalls = await this.#ownCalls(scope, setup);
    if (isOver) await ownCalls.close(effectKeys);
    const taken = await ownCalls.taken(effectKeys);
    return new Map([...taken].map(([effectKey, amounts]) => [effectKey, sumOf(amounts)]));
  }

  async recordEffects(sql: Sql, scope: SearchScope, effects: SearchEffects): Promise<void> {
    await writeEffects(sql, scope, effects);
  }

  async price(scope: SearchScope, kind: SearchKind): Promise<SearchPrice> {
    const { setup, providers } = await this.#tenant(scope.tenantId);
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
    const { providers } = await this.#tenant(scope.tenantId);
    return providers.some(({ stored, waits }) => waits && stored.searchKinds.includes(kind));
  }

  async testProvider(
    scope: SearchScope,
    providerId: string,
    request: Pick<SearchRequest, 'kind' | 'fields' | 'effectKey'>,
    signal: AbortSignal,
  ): Promise<ProviderTest | null> {
    const tenant = await this.#tenant(scope.tenantId);
    const stored = tenant.setup.providers.find(({ id }) => id === providerId);
    if (!stored) return null;
    const read = readQuestion({ ...request, options: testOptions }, tenant.setup.generation);
    if ('problem' in read) return { step: null, people: [], facts: {}, problem: read.problem };
    const settlements: SearchEffects['settlements'][number][] = [];
    const context = this.#context(scope, tenant, AbortSignal.any([signal, this.#closing.signal]), (later) =>
      settlements.push(later),
    );
    const provider = this.#providers.of(scope.tenantId, stored);
    const everyKind = { ...stored, searchKinds: [...queryKinds] };
    await descend(context, [{ ...provider, stored: everyKind }], [read.question], new Purse(null));
    await this.#parts.database.transaction('search', ({ sql }) =>
      this.recordEffects(sql, scope, effectsOf(tenant.setup.currency, settlements, [])),
    );
    const { steps, people, facts } = read.question.course;
    return { step: steps[0] ?? null, people: [...people], facts: { ...facts }, problem: null };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#searching);
    await this.#health.flush();
  }

  async #searchAndRecord(scope: SearchScope, request: SearchRequest): Promise<SearchResult> {
    const started = performance.now();
    const { result, settlements, readAt } =
      (await this.#findAnswered(scope, request)) ?? (await this.#workOut(scope, request));
    const milliseconds = performance.now() - started;
    const hashed = this.#hash(scope, result);
    const entry = logEntryOf(result, request, hashed, milliseconds, endOf(readAt, started));
    const effects = effectsOf(result.currency, settlements, [entry]);
    await this.#recorder.record({ scope, effects, event: performed(scope, request, result, effects) });
    return result;
  }

  /**
   * Mostly what is asked again has its answer, and the tenant's settings are as they were: one look, for all who ask at that
   * moment, does for both. Null when they have changed, or when there is no answer.
   */
  async #findAnswered(scope: SearchScope, request: SearchRequest): Promise<Ended | null> {
    const { tenantId } = scope;
    const { freshAnswers } = this.#parts;
    const known = this.#known.get(tenantId);
    if (!freshAnswers || !known || !request.options.useCache) return null;
    // What was paid for under its key must be looked for first.
    if (request.mayRepeat && known.costs) return null;
    const { generation } = known;
    const read = readQuestion(request, generation);
    if ('problem' in read) return null;
    const { key, query } = read.question;
    const found = await freshAnswers.find({ tenantId, generation, key });
    if (!found) return null;
    const asked = { searchId: searchIdOf(request), currency: found.currency, query };
    return { result: resultOf(asked, found.answer, true), settlements: [], readAt: found.foundAt };
  }

  async #workOut(scope: SearchScope, request: SearchRequest): Promise<Ended> {
    const tenant = await this.#tenant(scope.tenantId);
    const { currency, generation, readAt } = tenant.setup;
    const asked = { searchId: searchIdOf(request), currency };
    const read = readQuestion(request, generation);
    if ('problem' in read) return { result: invalidResult(asked, read.problem), settlements: [], readAt };
    const { question } = read;
    const { answer, others, settlements } = await this.#once(scope, tenant, question);
    const { effectKey, query } = question;
    const repeated = request.mayRepeat ? [{ effectKey, answer, waits: false }] : [];
    const providers = inLedger(tenant.setup.providers);
    const ownCalls = new OwnCallsReader(this.#parts.database, providers, scope.fence);
    const calls = (await ownCalls.spent(repeated, settlements)).get(effectKey);
    return {
      result: resultOf({ ...asked, query }, answer, others, calls),
      settlements: [...settlements, ...(calls?.settlements ?? [])],
      readAt,
    };
  }

  /** Equal questions of this process are one: the first works it out, the others wait. */
  async #once(scope: SearchScope, tenant: Tenant, question: Question): Promise<Worked> {
    const key = `${scope.tenantId}:${question.useCache}:${equalityKey(question)}`;
    const known = this.#underWay.get(key);
    if (known) return { ...(await known), others: true, settlements: [] };
    const work = this.#work(scope, tenant, question);
    this.#underWay.set(key, work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #work(scope: SearchScope, tenant: Tenant, question: Question): Promise<Worked> {
    const settlements: SearchEffects['settlements'][number][] = [];
    const context = this.#context(scope, tenant, this.#closing.signal, (later) => settlements.push(later));
    const answers = await this.#answer(context, tenant, [question], new Purse(null), 'always');
    const shared = answers.get(question);
    if (!shared) throw new Error('A question got no answer.');
    return { ...shared, settlements };
  }

  /**
   * @param sharing equal questions of other processes and the cache: `always`, or only where asking again is `dear`,
   *   which it is once a provider costs or is outside. In a batch, looking into records again is cheaper.
   */
  async #answer(
    context: MeteredContext,
    tenant: Tenant,
    questions: readonly Question[],
    purse: Purse,
    sharing: 'always' | 'dear',
  ): Promise<Map<Question, Shared>> {
    const work = async (ours: readonly Question[]): Promise<Map<Question, WorkedOut>> => {
      await descend(context, tenant.providers, ours, purse);
      return new Map(
        ours.map((question) => {
          const answer = answerOf(question);
          return [
            question,
            { answer, ttlSeconds: ttlOf(answer, tenant.providers, tenant.setup.cacheTtlSeconds) },
          ];
        }),
      );
    };
    if (sharing === 'dear' && !tenant.providers.some(({ metered }) => metered)) {
      const found = await work(questions);
      return new Map([...found].map(([question, { answer }]) => [question, { answer, others: false }]));
    }
    return await answerShared(this.#parts, context.scope.tenantId, questions, work, context.signal);
  }

  #context(
    scope: SearchScope,
    tenant: Tenant,
    signal: AbortSignal,
    later: (settlement: SearchEffects['settlements'][number]) => void,
  ): MeteredContext {
    return {
      parts: this.#parts,
      health: this.#health,
      scope: { ...scope, currency: tenant.setup.currency },
      signal,
      settleLater: (providerId, settlement) => later({ providerId, settlement }),
    };
  }

  #hash(scope: SearchScope, { query }: SearchResult): string | null {
    if (query === null) return null;
    return hash('sha256', `${this.#hashKey}:${scope.tenantId}:${query.key}`, 'hex');
  }

  async #tenant(tenantId: string): Promise<Tenant> {
    const setup = await this.#setups.read(tenantId, () => loadSetup(this.#parts.database, tenantId));
    this.#remember(tenantId, setup);
    const enabled = setup.providers.filter(({ enabled: isEnabled }) => isEnabled);
    return { setup, providers: enabled.map((stored) => this.#providers.of(tenantId, stored)) };
  }

  /** Rows of a batch may have been paid for while a provider was there that has been deleted since. */
  async #ownCalls({ tenantId, fence }: SearchScope, setup: SearchSetup): Promise<OwnCallsReader> {
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

/** Now by the database's clock, as far as it is known from when it was last asked. */
function endOf(readAt: Date, started: number): Date {
  return new Date(readAt.getTime() + performance.now() - started);
}

interface Known {
  generation: string;
  costs: boolean;
  /** Providers that are in the ledger only; undefined until somebody asked for them. */
  deleted: readonly LedgerProvider[] | undefined;
}

/** What a search has come to. */
interface Ended {
  result: SearchResult;
  settlements: SearchEffects['settlements'];
  /** The database's time at which it was last asked. */
  readAt: Date;
}

interface Worked {
  answer: SharedAnswer;
  others: boolean;
  settlements: SearchEffects['settlements'];
}

/** The money of several searches, without what was paid or reserved for them before and is on nobody's bill. */
async function purseOf(
  budget: Micros | null,
  questions: readonly Question[],
  ownCalls: OwnCallsReader,
): Promise<Purse> {
  if (budget === null) return new Purse(null);
  const taken = await ownCalls.taken(questions.map(({ effectKey }) => effectKey));
  let left = budget;
  for (const question of questions) {
    question.credits = taken.get(question.effectKey) ?? new Map();
    // Less than is on the bill when a call has ended better than was to be feared.
    left -= sumOf(question.credits) - question.paid;
  }
  return new Purse(left > 0n ? left : 0n);
}

function sumOf(amounts: ReadonlyMap<string, Micros>): Micros {
  return [...amounts.values()].reduce((sum, micros) => sum + micros, 0n);
}

function equalityKey(question: Question): string {
  return `${question.key}:${question.demand.budget ?? ''}`;
}

function at(requests: readonly SearchRequest[], index: number): SearchRequest {
  const request = requests[index];
  if (!request) throw new RangeError('There is no such request.');
  return request;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
