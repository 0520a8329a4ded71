import type { ProviderAnswer, ProviderOptions, SearchProvider } from '../../domain/search/provider.ts';
import type { Question } from './questions.ts';

export interface TimedAnswer {
  answer: ProviderAnswer;
  /** Where many were answered at once: their equal shares of the time. */
  milliseconds: number;
}

/** Asks a provider in this process many questions, set-wise where it can. Answers come in the order of the questions. */
export async function askInProcess(
  source: SearchProvider,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<TimedAnswer[]> {
  const answers = new Map<Question, TimedAnswer>();
  for (const alike of groupByOptions(questions)) {
    signal.throwIfAborted();
    const started = performance.now();
    const options = optionsOf(alike[0], signal);
    const queries = alike.map(({ query }) => query);
    const found = source.searchMany
      ? await source.searchMany(queries, options)
      : await Promise.all(queries.map((query) => source.search(query, options)));
    const milliseconds = (performance.now() - started) / alike.length;
    for (const [index, question] of alike.entries()) {
      const answer = found[index];
      if (!answer) throw new Error(`The provider of kind ${source.kind} gave fewer answers than questions.`);
      answers.set(question, { answer, milliseconds });
    }
  }
  return questions.map((question) => {
    const answer = answers.get(question);
    if (!answer) throw new Error('A question was not asked.');
    return answer;
  });
}

/** What a provider is told beside the query. */
export function optionsOf(question: Question, signal: AbortSignal): ProviderOptions {
  const { demand, recordSetIds } = question;
  return { signal, limit: demand.limit, minScore: demand.minScore, recordSetIds };
}

type NotEmpty<T> = [T, ...T[]];

function groupByOptions(questions: readonly Question[]): NotEmpty<Question>[] {
  const groups = new Map<string, NotEmpty<Question>>();
  for (const question of questions) {
    const { demand, recordSetIds } = question;
    const key = `${demand.minScore} ${demand.limit} ${recordSetIds?.join() ?? 'all'}`;
    const group = groups.get(key);
    if (group) group.push(question);
    else groups.set(key, [question]);
  }
  return [...groups.values()];
}
