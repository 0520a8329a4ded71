import type { SharedAnswer } from '../../domain/search/answer.ts';
import { answerAll, contextOf, type Settlements } from './answering.ts';
import { endOf, hashOf, invalidResult, logEntryOf, resultOf, searchIdOf } from './answers.ts';
import type { SearchEffects, SearchRequest, SearchResult, SearchScope } from './contract.ts';
import { effectsOf, performed } from './effects.ts';
import type { HealthReporter } from './health-reporter.ts';
import { inLedger, OwnCallsReader } from './own-calls.ts';
import type { SearchParts } from './parts.ts';
import { Purse } from './purse.ts';
import { equalityKey, readQuestion, type Question } from './questions.ts';
import { SearchRecorder } from './recorder.ts';
import type { Tenant, Tenants } from './tenants.ts';

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

interface SingleSearchParts {
  parts: SearchParts;
  health: HealthReporter;
  tenants: Tenants;
  closing: AbortSignal;
}

/** Searches of which each has a caller who waits for its answer. */
export class SingleSearches {
  readonly #with: SingleSearchParts;
  readonly #recorder: SearchRecorder;
  /** Questions that this process works on or waits for. */
  readonly #underWay = new Map<string, Promise<Worked>>();
  readonly #searching = new Set<Promise<SearchResult>>();

  constructor(given: SingleSearchParts) {
    this.#with = given;
    this.#recorder = new SearchRecorder(given.parts.database);
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

  /** When none is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#searching);
  }

  async #searchAndRecord(scope: SearchScope, request: SearchRequest): Promise<SearchResult> {
    const started = performance.now();
    const { result, settlements, readAt } =
      (await this.#findAnswered(scope, request)) ?? (await this.#workOut(scope, request));
    const milliseconds = performance.now() - started;
    const hashed = hashOf(this.#with.parts, scope, result);
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
    const { freshAnswers } = this.#with.parts;
    const known = this.#with.tenants.known(tenantId);
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
    const tenant = await this.#with.tenants.read(scope.tenantId);
    const { currency, generation, readAt } = tenant.setup;
    const asked = { searchId: searchIdOf(request), currency };
    const read = readQuestion(request, generation);
    if ('problem' in read) return { result: invalidResult(asked, read.problem), settlements: [], readAt };
    const { question } = read;
    const { answer, others, settlements } = await this.#once(scope, tenant, question);
    const { effectKey, query } = question;
    const repeated = request.mayRepeat ? [{ effectKey, answer, waits: false }] : [];
    const providers = inLedger(tenant.setup.providers);
    const ownCalls = new OwnCallsReader(this.#with.parts.database, providers, scope.fence);
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
    const settlements: Settlements = [];
    const context = contextOf(this.#with, scope, tenant, this.#with.closing, settlements);
    const answers = await answerAll(context, tenant, [question], new Purse(null), 'always');
    const shared = answers.get(question);
    if (!shared) throw new Error('A question got no answer.');
    return { ...shared, settlements };
  }
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
