import { retryAfterMs } from '../../retry-after.ts';
import type { ProviderAnswer } from '../provider.ts';
import { holds } from './conditions.ts';
import type { HttpProviderConfig } from './config.ts';
import { factsIn, isMisshapen, isWord, peopleIn } from './people.ts';

export interface ProviderResponse {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  text: string;
}

export interface AnswerLimits {
  limit: number;
  minScore: number;
  now: Date;
}

/**
 * Reads a vendor's response by the rules of its configuration. Reasons name statuses and pointers, which are ours;
 * nothing the vendor wrote goes into them.
 */
export function readAnswer(
  config: HttpProviderConfig,
  response: ProviderResponse,
  limits: AnswerLimits,
): ProviderAnswer {
  const { status } = response;
  const wait = retryAfterMs(response.headers, limits.now);
  if (status === 429 || (status === 503 && wait !== null)) {
    return { ...nothing('throttled', `status ${status}`), ...(wait === null ? {} : { retryAfterMs: wait }) };
  }
  if (config.error.status.includes(status)) return nothing('error', `status ${status}`);
  if (config.miss.status.includes(status)) return nothing('miss', `status ${status}`);
  if (status < 200 || status > 299) return nothing('error', `status ${status}`);
  if (status === 204) return nothing('miss', 'status 204');
  const parsed = parse(response.text);
  if (parsed === null) return nothing('error', 'the answer is not JSON');
  return readDocument(config, parsed.document, limits);
}

function readDocument(config: HttpProviderConfig, document: unknown, limits: AnswerLimits): ProviderAnswer {
  const error = config.error.any.find((condition) => holds(condition, document));
  if (error !== undefined) return nothing('error', `error rule at ${place(error.pointer)}`);
  // In a bare text or number nothing has a place, which says nothing about who is known.
  const told = config.miss.any.filter(({ pointer }) => pointer === '' || !isWord(document));
  const miss = told.find((condition) => holds(condition, document));
  if (miss !== undefined) return nothing('miss', `miss rule at ${place(miss.pointer)}`);
  if (isMisshapen(document, config.answer)) return nothing('error', 'the answer has another shape');
  const all = peopleIn(document, config.answer);
  const people = all.filter(({ score }) => score >= limits.minScore).slice(0, limits.limit);
  const facts = factsIn(document, config.answer.facts);
  if (people.length === 0 && Object.keys(facts).length === 0) {
    return nothing('miss', all.length === 0 ? 'no people in the answer' : 'nobody reaches the least score');
  }
  const failed = config.validated.find((condition) => !holds(condition, document));
  const validated = config.validated.length > 0 && failed === undefined;
  return {
    outcome: 'hit',
    people,
    validated,
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
    ...(validated
      ? {}
      : { reason: failed ? `not validated at ${place(failed.pointer)}` : 'no rule of validation' }),
  };
}

/** Whole numbers beyond 2^53 stay the text they were: vendors' ids would lose their last digits. */
function parse(text: string): { document: unknown } | null {
  const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? value)
      : value;
  try {
    return { document: JSON.parse(text.replace(/^\uFEFF/, ''), exact) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function place(pointer: string): string {
  return pointer === '' ? 'the whole answer' : pointer;
}

function nothing(outcome: 'miss' | 'error' | 'throttled', reason: string): ProviderAnswer {
  return { outcome, people: [], validated: false, reason };
}
