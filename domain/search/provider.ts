import type { Evidence } from './matching/evidence.ts';
import type { PersonFields } from './person.ts';
import type { NormalisedQuery } from './query.ts';

export const providerKinds = ['records', 'phone', 'email', 'http'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** One person of an answer, best first in its list. */
export interface ProviderPerson {
  /** Where the person is a record of ours. */
  personId?: string;
  recordSetId?: string;
  fields: PersonFields;
  /** The provider's probability, 0 to 1, that this is the person asked for. */
  score: number;
  /** The fields of the query that the person agrees with. */
  matchedOn: string[];
  /** Field by field, for and against; empty if the provider gives no reasons. */
  evidence: Evidence[];
}

/**
 * What a provider said.
 * `hit`: people or facts · `miss`: it knows nobody · `error`: no usable answer; whether it knows is unknown ·
 * `throttled`: not asked or not answered because of its limits; ask again after `retryAfterMs`.
 */
export interface ProviderAnswer {
  outcome: 'hit' | 'miss' | 'error' | 'throttled';
  people: ProviderPerson[];
  /** The provider vouches for the answer by its own rule: a search may stop here. */
  validated: boolean;
  /** For the trace: why there is no hit, or why a hit is not validated. Never personal data, never a secret. */
  reason?: string;
  retryAfterMs?: number;
  /** Facts about the values asked for, as opposed to people. JSON. */
  facts?: Record<string, unknown>;
}

export interface ProviderOptions {
  signal: AbortSignal;
  /** Most people wanted. */
  limit: number;
  /** People below this score are left out. */
  minScore: number;
  /** Record sets to look in; without it all of the tenant's. */
  recordSetIds?: readonly string[] | null;
  /** Business key of the call: the same when the same work is tried again. For providers that know idempotency keys. */
  effectKey?: string;
}

/** Anything that can be asked for people or facts. It never throws for what goes wrong outside: that is an answer. */
export interface SearchProvider {
  readonly kind: ProviderKind;
  /** Why the provider can't be asked this (a field it needs is missing), or null if it can. Such a step costs nothing. */
  declines(query: NormalisedQuery): string | null;
  search(query: NormalisedQuery, options: ProviderOptions): Promise<ProviderAnswer>;
  /** The answers to many queries in their order, where that is cheaper than one by one. */
  searchMany?(queries: readonly NormalisedQuery[], options: ProviderOptions): Promise<ProviderAnswer[]>;
}

/** What a provider charges, in millionths of its currency's unit: prices of a call are often below a cent. */
export interface ProviderPrice {
  perCall: bigint;
  perHit: bigint;
}

/** A hit costs the call and the hit, a miss the call; an error and a throttled call are free. */
export function costOf(price: ProviderPrice, answer: ProviderAnswer): bigint {
  if (answer.outcome === 'hit') return price.perCall + price.perHit;
  return answer.outcome === 'miss' ? price.perCall : 0n;
}

/** The most that a search by a provider can cost: what a budget is checked against before the call. */
export function highestCost(price: ProviderPrice): bigint {
  return price.perCall + price.perHit;
}
