import type { Micros } from '../../domain/search/answer.ts';
import { highestCost } from '../../domain/search/provider.ts';
import { decide, hear, skip, tellsFacts } from '../../domain/search/waterfall.ts';
import { barred, type CallOutcome } from './calls.ts';
import { askInProcess } from './in-process-calls.ts';
import { askMetered } from './metered-calls.ts';
import type { MeteredContext } from './metered-context.ts';
import type { Purse } from './purse.ts';
import type { Question } from './questions.ts';
import type { ReadyProvider } from './ready-provider.ts';

/**
 * Takes questions down the waterfall, all together: each provider is asked, set-wise, all that still want it. The course
 * of each question is its own and follows `domain/search/waterfall.ts`.
 *
 * @param providers in order, those that are enabled
 * @param purse money that the questions share beside their own budgets
 */
export async function descend(
  context: MeteredContext,
  providers: readonly ReadyProvider[],
  questions: readonly Question[],
  purse: Purse,
): Promise<void> {
  for (const provider of providers) {
    const served = questions.filter(({ query }) => provider.stored.searchKinds.includes(query.kind));
    const asked = served.filter((question) => isAsked(provider, question, purse));
    if (asked.length === 0) continue;
    const outcomes = await ask(context, provider, asked);
    for (const question of asked) {
      const outcome = outcomes.get(question);
      if (!outcome) throw new Error('A question was neither answered nor barred.');
      take(provider, question, outcome, purse);
    }
  }
}

function isAsked(provider: ReadyProvider, question: Question, purse: Purse): boolean {
  const { stage, source } = provider;
  const { course, demand, query } = question;
  const declined = 'unusable' in source ? null : source.declines(query);
  const decision = decide(course, stage, demand, declined);
  if (!decision.ask) {
    question.course = skip(course, stage, decision.cause, decision.reason);
    return false;
  }
  if ('unusable' in source) {
    question.course = skip(course, stage, 'unavailable', source.unusable);
    return false;
  }
  if (!purse.take(neededFor(provider, question))) {
    question.course = skip(course, stage, 'budget', 'the budget of all searches together is used up');
    return false;
  }
  return true;
}

async function ask(
  context: MeteredContext,
  provider: ReadyProvider,
  questions: readonly Question[],
): Promise<Map<Question, CallOutcome>> {
  const { source, stored, guard } = provider;
  const trippedElsewhere = guard?.state === 'closed' ? stored.openForMs : null;
  if (trippedElsewhere !== null) {
    const closed = barred('skipped', 'unavailable', 'its circuit is open after failures', trippedElsewhere);
    return new Map(questions.map((question) => [question, closed]));
  }
  if (provider.metered) return await askMetered(context, provider, questions);
  if ('unusable' in source) throw new Error('A provider that cannot be used was asked.');
  const answers = await askInProcess(source, questions, context.signal);
  const outcomes = new Map<Question, CallOutcome>();
  for (const [index, question] of questions.entries()) {
    const timed = answers[index];
    if (timed) outcomes.set(question, { heard: { ...timed, cost: 0n } });
  }
  const [first] = answers;
  // Facts are computed in the process: that it does well goes without saying.
  if (first && !tellsFacts(provider.stage.kind)) {
    const hits = answers.filter(({ answer }) => answer.outcome === 'hit').length;
    context.health.note(provider, { outcome: 'hit' }, first.milliseconds, hits);
    context.health.note(provider, { outcome: 'miss' }, first.milliseconds, answers.length - hits);
  }
  return outcomes;
}

function take(provider: ReadyProvider, question: Question, outcome: CallOutcome, purse: Purse): void {
  const { stage } = provider;
  const taken = neededFor(provider, question);
  if ('heard' in outcome) {
    purse.putBack(taken + creditFor(provider, question) - outcome.heard.cost);
    question.course = hear(question.course, stage, question.demand, outcome.heard);
    return;
  }
  purse.putBack(taken);
  const { cause, reason, outcome: how, retryAfterMs } = outcome.barred;
  question.course = skip(question.course, stage, cause, reason, how, retryAfterMs);
}

/** How much of a call's highest price is not out of the purse already. */
function neededFor(provider: ReadyProvider, question: Question): Micros {
  const most = highestCost(provider.stage.price);
  const credit = creditFor(provider, question);
  return credit < most ? most - credit : 0n;
}

function creditFor({ stored }: ReadyProvider, { credits }: Question): Micros {
  return credits.get(stored.id) ?? 0n;
}
