import { hash } from 'node:crypto';
import type { NewLogEntry } from '../../db/search/search-log.repository.ts';
import type { Micros, ProviderStep, SearchProblem, SharedAnswer } from '../../domain/search/answer.ts';
import type { NormalisedQuery } from '../../domain/search/query.ts';
import { conclude, toPrecision } from '../../domain/search/waterfall.ts';
import { manyUuids } from '../../platform/uuid.ts';
import type { SearchRequest, SearchResult, SearchScope } from './contract.ts';
import type { OwnCalls } from './own-calls.ts';
import type { SearchParts } from './parts.ts';
import type { Question } from './questions.ts';
import type { ReadyProvider } from './ready-provider.ts';

/** What a question has come to at the end of its course. */
export function answerOf(question: Question): SharedAnswer {
  const { course, demand } = question;
  const { status, people } = conclude(course, demand);
  return {
    status,
    people,
    facts: { ...course.facts },
    problem: status === 'failed' ? failure(course.steps) : null,
    trace: [...course.steps],
    ...(status === 'failed' && course.retryLater ? { retryLater: course.retryLater } : {}),
  };
}

function failure(steps: readonly ProviderStep[]): SearchProblem {
  return {
    code: 'search.providers_unavailable',
    message: `Nobody was found, and not every provider could be asked: ${steps
      .filter(({ outcome }) => outcome !== 'hit' && outcome !== 'miss')
      .map(({ provider, reason }) => `${provider} (${reason})`)
      .join(', ')}.`,
  };
}

/**
 * How long others may use an answer: the shortest time of those who were asked. Nobody found proves something only when
 * everybody has answered; a failure or a lack of money is no answer.
 */
export function ttlOf(answer: SharedAnswer, providers: readonly ReadyProvider[], tenantTtl: number): number {
  if (answer.status !== 'found' && answer.status !== 'not_found') return 0;
  const asked = new Set(
    answer.trace.filter(({ outcome }) => outcome !== 'skipped').map(({ provider }) => provider),
  );
  const times = providers
    .filter(({ stored }) => asked.has(stored.name))
    .map(({ stored }) => stored.cacheTtlSeconds ?? tenantTtl);
  return times.length === 0 ? tenantTtl : Math.min(...times);
}

/**
 * The result of a question that somebody worked out.
 *
 * @param own what the ledger has under its own key, where that was looked up: it may have more than this answer came to,
 *   of work that was lost, and also where others have answered
 */
export function resultOf(
  asked: { searchId: string; currency: string; query: NormalisedQuery },
  answer: SharedAnswer,
  others: boolean,
  own?: OwnCalls,
): SearchResult {
  const costMicros = own?.costMicros ?? (others ? 0n : costOf(answer.trace));
  return {
    ...asked,
    status: answer.status,
    people: answer.people,
    facts: answer.facts,
    costMicros,
    cached: others && costMicros === 0n,
    trace: others ? answer.trace.map((step) => stepOfOthers(step, own)) : traceOf(answer.trace, own),
    problem: answer.problem,
    retryLater: answer.retryLater ?? null,
  };
}

function costOf(trace: readonly ProviderStep[]): Micros {
  return trace.reduce((sum, { costMicros }) => sum + BigInt(costMicros), 0n);
}

/** A provider that could not be asked now may have been paid by work that was lost. */
function traceOf(trace: readonly ProviderStep[], own: OwnCalls | undefined): ProviderStep[] {
  if (!own) return [...trace];
  return trace.map((step) => ({ ...step, costMicros: String(own.byProvider.get(step.provider) ?? 0n) }));
}

/** A step of somebody else's search: here the provider was not asked, or its answer was lost with whoever asked. */
function stepOfOthers(step: ProviderStep, own: OwnCalls | undefined): ProviderStep {
  const { provider, kind, outcome } = step;
  const costMicros = own?.byProvider.get(provider) ?? 0n;
  if (costMicros > 0n && (outcome === 'hit' || outcome === 'miss'))
    return { ...step, costMicros: String(costMicros) };
  const reason = 'an equal search has the answer';
  return { provider, kind, outcome: 'skipped', reason, costMicros: String(costMicros), milliseconds: 0 };
}

/** The result of a request that can't be read. */
export function invalidResult(
  asked: { searchId: string; currency: string },
  problem: SearchProblem,
): SearchResult {
  return {
    ...asked,
    status: 'invalid',
    query: null,
    people: [],
    facts: {},
    costMicros: 0n,
    cached: false,
    trace: [],
    problem,
    retryLater: null,
  };
}

/** An API search is known by the id in its effect key, so that asking again finds it; a row of a batch gets a new one. */
export function searchIdOf(request: SearchRequest): string {
  return /^search:([0-9a-f-]{36})$/.exec(request.effectKey)?.[1] ?? manyUuids();
}

/** Most people that the log names. */
const mostLogged = 20;

/**
 * @param queryHash the keyed hash of the question, in hex
 * @param performedAt by the database's clock, which is everybody's
 */
export function logEntryOf(
  result: SearchResult,
  request: SearchRequest,
  queryHash: string | null,
  milliseconds: number,
  performedAt: Date,
): NewLogEntry {
  const { problem } = result;
  return {
    searchId: result.searchId,
    kind: request.kind,
    status: result.status,
    queryHash,
    people: result.people.slice(0, mostLogged).map((person) => ({
      person_id: person.personId,
      provider: person.provider,
      probability: person.probability,
    })),
    trace: result.trace,
    problem: problem === null ? null : { code: problem.code, message: problem.message },
    costMicros: result.costMicros,
    milliseconds: toPrecision(milliseconds),
    cached: result.cached,
    performedAt,
  };
}

/** The keyed hash of a question, in hex: the same for equal ones of a tenant only. Null of one that could not be read. */
export function hashOf(
  { hashKey }: Pick<SearchParts, 'hashKey'>,
  { tenantId }: SearchScope,
  { query }: SearchResult,
): string | null {
  if (query === null) return null;
  return hash('sha256', `${hashKey.toString('base64')}:${tenantId}:${query.key}`, 'hex');
}

/** Now by the database's clock, as far as it is known from when it was last asked. */
export function endOf(readAt: Date, started: number): Date {
  return new Date(readAt.getTime() + performance.now() - started);
}
