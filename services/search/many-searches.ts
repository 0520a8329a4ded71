import { mapInTurns } from '../../platform/in-turns.ts';
import { answerAll, contextOf, type Settlements } from './answering.ts';
import { endOf, hashOf, invalidResult, logEntryOf, resultOf, searchIdOf } from './answers.ts';
import type { ManyAnswers, Micros, SearchRequest, SearchScope } from './contract.ts';
import { effectsOf } from './effects.ts';
import type { HealthReporter } from './health-reporter.ts';
import { sumOf, type OwnCallsReader } from './own-calls.ts';
import type { SearchParts } from './parts.ts';
import { Purse } from './purse.ts';
import { equalityKey, readQuestion, type Question } from './questions.ts';
import type { Shared } from './shared-answers.ts';
import type { Tenants } from './tenants.ts';

/** Answers many questions at once; equal ones are asked once. See `SearchEngine.searchMany`. */
export async function searchMany(
  given: { parts: SearchParts; health: HealthReporter; tenants: Tenants },
  scope: SearchScope,
  requests: readonly SearchRequest[],
  signal: AbortSignal,
  budget: Micros | null,
): Promise<ManyAnswers> {
  const started = performance.now();
  const tenant = await given.tenants.read(scope.tenantId);
  const { currency, generation, readAt } = tenant.setup;
  const read = await mapInTurns(requests, (request) => readQuestion(request, generation));
  const questions = read.flatMap((one) => ('problem' in one ? [] : [one.question]));
  const leaders = leadersOf(questions);
  const settlements: Settlements = [];
  const context = contextOf(given, scope, tenant, signal, settlements);
  const ownCalls = await given.tenants.ownCallsOf(scope, tenant.setup);
  const purse = await purseOf(budget, questions, ownCalls);
  const answers = await answerAll(context, tenant, [...leaders.values()], purse, 'dear');
  // Calls that were broken off look like calls that failed, and whoever stored that would never ask them again.
  signal.throwIfAborted();
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
    const asked = { searchId: searchIdOf(at(requests, index)), currency };
    if ('problem' in one) return invalidResult(asked, one.problem);
    const { query, effectKey } = one.question;
    const { answer, others } = answerTo(one.question);
    return resultOf({ ...asked, query }, answer, others, spent.get(effectKey));
  });
  const share = (performance.now() - started) / Math.max(1, requests.length);
  const performedAt = endOf(readAt, started);
  const log = await mapInTurns(results, (result, index) =>
    logEntryOf(result, at(requests, index), hashOf(given.parts, scope, result), share, performedAt),
  );
  return { results, effects: effectsOf(currency, settlements, log) };
}

/** Of equal questions the first, which is asked for all of them. */
function leadersOf(questions: readonly Question[]): Map<string, Question> {
  const leaders = new Map<string, Question>();
  for (const question of questions) {
    const key = equalityKey(question);
    if (!leaders.has(key)) leaders.set(key, question);
  }
  return leaders;
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

function at(requests: readonly SearchRequest[], index: number): SearchRequest {
  const request = requests[index];
  if (!request) throw new RangeError('There is no such request.');
  return request;
}
