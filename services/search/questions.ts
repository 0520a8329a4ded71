import { hash } from 'node:crypto';
import { Failure } from '../../domain/failure.ts';
import { normaliseQuery, type NormalisedQuery } from '../../domain/search/query.ts';
import { beginning, type Course, type Demand } from '../../domain/search/waterfall.ts';
import type { Micros, SearchProblem, SearchRequest } from './contract.ts';

/** A request that was read, on its way to an answer. */
export interface Question {
  query: NormalisedQuery;
  demand: Demand;
  recordSetIds: readonly string[] | null;
  useCache: boolean;
  effectKey: string;
  /** The same for equal questions of one tenant, until its records or providers change. SHA-256 in hex. */
  key: string;
  course: Course;
  mayWait: boolean;
  /** What calls for it have cost before: it is on the bill already. */
  paid: Micros;
  /**
   * Money of calls for it that were made or reserved before, by the provider's id. It is in no purse any more, and is for
   * the same calls only: what one has cost does not pay for another.
   */
  credits: Map<string, Micros>;
}

/** Reads a request, or says what is wrong with it. */
export function readQuestion(
  request: SearchRequest,
  generation: string,
): { question: Question } | { problem: SearchProblem } {
  const { options } = request;
  let query: NormalisedQuery;
  try {
    query = normaliseQuery(request.kind, request.fields);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { issues } = error.details;
    return { problem: { code: error.code, message: error.message, ...(issues ? { issues } : {}) } };
  }
  return {
    question: {
      query,
      demand: {
        minScore: options.minScore,
        limit: options.limit,
        requiredFields: options.requiredFields,
        budget: options.budget,
      },
      recordSetIds: options.recordSetIds,
      useCache: options.useCache,
      effectKey: request.effectKey,
      key: keyOf(query, options, generation),
      course: beginning,
      mayWait: request.mayWait ?? false,
      paid: request.paid ?? 0n,
      credits: new Map(),
    },
  };
}

/** The same for questions of which one can answer for all. */
export function equalityKey({ key, demand }: Question): string {
  return `${key}:${demand.budget ?? ''}`;
}

function keyOf(query: NormalisedQuery, options: SearchRequest['options'], generation: string): string {
  return hash('sha256', `${generation}\n${query.key}\n${textOf(options)}`, 'hex');
}

/** The rows of a batch share their options, which are then written once. */
const texts = new WeakMap<SearchRequest['options'], string>();

/** The budget is not part of it: an answer that is there already costs nothing. */
function textOf(options: SearchRequest['options']): string {
  let text = texts.get(options);
  if (text === undefined) {
    const { minScore, limit, requiredFields, recordSetIds } = options;
    text = JSON.stringify([
      minScore,
      limit,
      [...new Set(requiredFields)].toSorted(),
      recordSetIds === null ? null : [...new Set(recordSetIds)].toSorted(),
    ]);
    texts.set(options, text);
  }
  return text;
}
