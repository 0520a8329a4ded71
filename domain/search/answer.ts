import type { Issue } from '../failure.ts';
import type { RetryLater } from './batch-wait.ts';
import type { Evidence } from './matching/evidence.ts';
import type { PersonFields } from './person.ts';

/**
 * Money of searches, in millionths of the currency's unit: a look-up can cost less than a cent. JSON carries it as a
 * decimal string.
 */
export type Micros = bigint;

/** A person of a search's answer, as one or several providers tell of them. */
export interface RankedPerson {
  /** The stored person, when a record set knows them. */
  personId: string | null;
  recordSetId: string | null;
  /** The provider whose probability counts. */
  provider: string;
  /** The other providers that told of the same person. */
  alsoFrom: readonly string[];
  probability: number;
  /** A provider vouches for the person by its own rule. */
  validated: boolean;
  matchedOn: readonly string[];
  fields: PersonFields;
  evidence: readonly Evidence[];
}

/** One provider asked, or not asked, and why the waterfall stopped or went on. */
export interface ProviderStep {
  provider: string;
  kind: string;
  outcome: 'hit' | 'miss' | 'error' | 'throttled' | 'skipped';
  reason: string;
  costMicros: string;
  milliseconds: number;
}

export const searchStatuses = ['found', 'not_found', 'invalid', 'over_budget', 'failed'] as const;
export type SearchStatus = (typeof searchStatuses)[number];

export interface SearchProblem {
  code: string;
  /** May be shown. */
  message: string;
  /** Of `invalid`: what is wrong, each by its JSON pointer into the request's fields. */
  issues?: Issue[];
}

/** What equal questions share of an answer. Plain JSON: it is cached. */
export interface SharedAnswer {
  status: SearchStatus;
  /** Best first. Empty unless found. */
  people: RankedPerson[];
  /** Facts about the values asked with, by provider. */
  facts: Record<string, unknown>;
  problem: SearchProblem | null;
  /** The steps that led to it, with what they cost whoever asked. */
  trace: ProviderStep[];
  /** It has failed only because somebody could not be asked for now. Never so in the cache. */
  retryLater?: RetryLater;
}
