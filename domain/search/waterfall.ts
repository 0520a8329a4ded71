import type { Micros, ProviderStep, RankedPerson, SearchStatus } from './answer.ts';
import type { RetryLater } from './batch-wait.ts';
import { fuse } from './fusion.ts';
import { highestCost, type ProviderAnswer, type ProviderKind, type ProviderPrice } from './provider.ts';
import { missingField } from './required-field.ts';

/** A provider as the waterfall sees it. */
export interface Stage {
  name: string;
  kind: ProviderKind;
  price: ProviderPrice;
}

/** What an answer must be like to end the search. */
export interface Demand {
  /** Least probability of a person, 0 to 1. */
  minScore: number;
  /** Most people returned. */
  limit: number;
  requiredFields: readonly string[];
  /** Most that the search may cost, or null. */
  budget: Micros | null;
}

/** One question on its way down the providers. */
export interface Course {
  readonly steps: readonly ProviderStep[];
  readonly people: readonly RankedPerson[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly spent: Micros;
  /** The provider with whose answer the search has what it wants. */
  readonly answeredBy: string | null;
  /** Somebody who might know was not asked for want of money. */
  readonly lackedBudget: boolean;
  /** Somebody who might know gave no usable answer: finding nobody then proves nothing. */
  readonly incomplete: boolean;
  /** Somebody who might know can't be asked for now: when the first of them can. */
  readonly retryLater: RetryLater | null;
}

export const beginning: Course = {
  steps: [],
  people: [],
  facts: {},
  spent: 0n,
  answeredBy: null,
  lackedBudget: false,
  incomplete: false,
  retryLater: null,
};

export type Decision = { ask: true } | { ask: false; reason: string; cause: SkipCause };

/** `unsuitable`: it could not have helped · `answered`: no need · `budget`, `unavailable`: it might have known. */
export type SkipCause = 'unsuitable' | 'answered' | 'budget' | 'unavailable';

/**
 * Whether the next provider is asked. Providers of facts about a value tell nothing of people: they neither end a search
 * nor are spared by its end.
 *
 * @param declined why the provider can't be asked this, by its own word, or null
 */
export function decide(course: Course, stage: Stage, demand: Demand, declined: string | null): Decision {
  if (course.answeredBy !== null && !tellsFacts(stage.kind)) {
    return { ask: false, cause: 'answered', reason: `${course.answeredBy} has given a validated answer` };
  }
  if (declined !== null) return { ask: false, cause: 'unsuitable', reason: declined };
  if (demand.budget !== null && course.spent + highestCost(stage.price) > demand.budget) {
    return { ask: false, cause: 'budget', reason: 'it could cost more than is left of the budget' };
  }
  return { ask: true };
}

export function tellsFacts(kind: ProviderKind): boolean {
  return kind === 'phone' || kind === 'email';
}

/**
 * Goes past a provider that was not asked, or would not answer because of its limits.
 *
 * @param retryAfterMs when it can be asked again; null if waiting does not help
 */
export function skip(
  course: Course,
  stage: Stage,
  cause: SkipCause,
  reason: string,
  outcome: 'skipped' | 'throttled' = 'skipped',
  retryAfterMs: number | null = null,
): Course {
  const sooner =
    retryAfterMs !== null && retryAfterMs < (course.retryLater?.afterMs ?? Number.POSITIVE_INFINITY);
  return {
    ...course,
    steps: [...course.steps, stepOf(stage, outcome, reason, 0n, 0)],
    lackedBudget: course.lackedBudget || cause === 'budget',
    incomplete: course.incomplete || cause === 'unavailable',
    retryLater: sooner ? { afterMs: retryAfterMs, reason: `${stage.name}: ${reason}` } : course.retryLater,
  };
}

/** A provider's answer, with what it cost and took. */
export interface Heard {
  answer: ProviderAnswer;
  cost: Micros;
  milliseconds: number;
}

/** Takes in a provider's answer, and says in its step why the search goes on or ends. */
export function hear(course: Course, stage: Stage, demand: Demand, heard: Heard): Course {
  const { answer, cost, milliseconds } = heard;
  const spent = course.spent + cost;
  const step = (reason: string): ProviderStep => stepOf(stage, answer.outcome, reason, cost, milliseconds);
  if (answer.outcome !== 'hit') {
    return {
      ...course,
      spent,
      steps: [...course.steps, step(answer.reason ?? plainReason[answer.outcome])],
      incomplete: course.incomplete || answer.outcome !== 'miss',
    };
  }
  const facts = answer.facts ? { ...course.facts, [stage.name]: answer.facts } : course.facts;
  if (answer.people.length === 0) {
    const reason = answer.reason ?? 'facts about the value, which say nothing of its holder';
    return { ...course, spent, facts, steps: [...course.steps, step(reason)] };
  }
  const people = fuse(
    course.people,
    answer.people.map((person) => toRanked(stage, answer, person)),
  );
  const lack = course.answeredBy === null ? lackOf(people, demand, answer.reason) : null;
  return {
    ...course,
    spent,
    facts,
    people,
    answeredBy: course.answeredBy ?? (lack === null ? stage.name : null),
    steps: [...course.steps, step(lack ?? 'a validated answer')],
  };
}

const plainReason = {
  miss: 'knows nobody',
  error: 'gave no usable answer',
  throttled: 'wants fewer requests',
} as const;

/** What people lack so that the search could end with them; null if one lacks nothing. */
function lackOf(people: readonly RankedPerson[], demand: Demand, reason: string | undefined): string | null {
  const likely = people.filter(({ probability }) => probability >= demand.minScore);
  if (likely.length === 0) return `nobody reaches the probability ${demand.minScore}`;
  const validated = likely.filter((person) => person.validated);
  if (validated.length === 0) return reason ?? 'the answer is not validated';
  const missing = validated.map((person) => missingField(person.fields, demand.requiredFields));
  return missing.includes(null) ? null : `the answer has no ${missing[0]}`;
}

export interface Conclusion {
  status: SearchStatus;
  people: RankedPerson[];
}

/** What the search comes to: the people who are likely enough and have every required field. */
export function conclude(course: Course, demand: Demand): Conclusion {
  const people = course.people
    .filter(
      (person) =>
        person.probability >= demand.minScore && missingField(person.fields, demand.requiredFields) === null,
    )
    .slice(0, demand.limit);
  if (people.length > 0) return { status: 'found', people };
  if (course.incomplete) return { status: 'failed', people };
  return { status: course.lackedBudget ? 'over_budget' : 'not_found', people };
}

function toRanked(
  stage: Stage,
  answer: ProviderAnswer,
  person: ProviderAnswer['people'][number],
): RankedPerson {
  return {
    personId: person.personId ?? null,
    recordSetId: person.recordSetId ?? null,
    provider: stage.name,
    alsoFrom: [],
    probability: person.score,
    validated: answer.validated,
    matchedOn: person.matchedOn,
    fields: person.fields,
    evidence: person.evidence,
  };
}

function stepOf(
  stage: Stage,
  outcome: ProviderStep['outcome'],
  reason: string,
  cost: Micros,
  milliseconds: number,
): ProviderStep {
  return {
    provider: stage.name,
    kind: stage.kind,
    outcome,
    reason,
    costMicros: String(cost),
    milliseconds: toPrecision(milliseconds),
  };
}

/**
 * Three significant digits: more would be noise, and the statistics stay exact by counting equal values instead of
 * keeping them all.
 */
export function toPrecision(milliseconds: number): number {
  return Number(milliseconds.toPrecision(3));
}
