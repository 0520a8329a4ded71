import type { PersonFields } from '../../domain/search/person.ts';

/** What kind of question a search asks. */
export const searchKinds = ['email', 'phone', 'name', 'address', 'comprehensive'] as const;
export type SearchKind = (typeof searchKinds)[number];

/**
 * Money of searches, in millionths of the currency's unit: a look-up can cost less than a cent. JSON carries it as a
 * decimal string.
 */
export type Micros = bigint;

export interface SearchOptions {
  /** Least probability of a person that is returned, 0 to 1. Below it nothing counts as found. */
  minScore: number;
  /** Most people returned. */
  limit: number;
  /** Fields that an answer must have, or the waterfall goes on to the next provider. */
  requiredFields: readonly string[];
  /** Most that this one search may cost, or null. */
  budget: Micros | null;
  /** Record sets to look in, or null for all of the tenant's. */
  recordSetIds: readonly string[] | null;
  /** Answers from the cache are welcome. */
  useCache: boolean;
}

/** One question, as asked by an API caller or standing in a row of a batch. */
export interface SearchRequest {
  kind: SearchKind;
  fields: PersonFields;
  options: SearchOptions;
  /**
   * The business key of the effect: `search:<uuid>` or `batch:<uuid>:<row>`. Whatever is called or billed is called or
   * billed once for it, however often the work is tried.
   */
  effectKey: string;
}

export interface SearchScope {
  tenantId: string;
  /** Who asked: for the log and the statistics. */
  userId: string | null;
  source: 'api' | 'batch';
  traceId: string | null;
}

export interface RankedPerson {
  personId: string | null;
  recordSetId: string | null;
  provider: string;
  probability: number;
  matchedOn: readonly string[];
  fields: PersonFields;
  evidence: readonly {
    field: string;
    level: string;
    weight: number;
    query: string | null;
    value: string | null;
  }[];
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

export type SearchStatus = 'found' | 'not_found' | 'invalid' | 'over_budget' | 'failed';

export interface SearchResult {
  searchId: string;
  status: SearchStatus;
  /** Best first. Empty unless found. */
  people: RankedPerson[];
  /** Facts about the values asked with (type of a phone, a disposable mail domain), by provider. */
  facts: Record<string, unknown>;
  costMicros: Micros;
  cached: boolean;
  trace: ProviderStep[];
  /** For `invalid` and `failed`: a code and a message that may be shown. */
  problem: { code: string; message: string } | null;
}

/** The one way to search, for the API and for batches alike. */
export interface SearchEngine {
  search(scope: SearchScope, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>;
  /**
   * Many questions at once, set-wise where a provider can. Answers come in the order of the requests; a bad question is
   * an answer of its own and never a failure of all. Throws only when the work as a whole cannot go on (the database
   * is away, or a provider wants it to wait: then a Failure `search.provider_throttled` with `retryAfter`).
   */
  searchMany(
    scope: SearchScope,
    requests: readonly SearchRequest[],
    signal: AbortSignal,
  ): Promise<SearchResult[]>;
  /** What a search would cost at most, provider by provider, without asking anybody. */
  price(
    scope: SearchScope,
    kind: SearchKind,
  ): Promise<{ maxMicros: Micros; steps: { provider: string; costMicros: string }[] }>;
}
