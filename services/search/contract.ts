import type { Sql } from '../../db/sql.ts';
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

/** What one call of a provider cost. `effectKey` is unique in the ledger: `<effect key of the request>:<provider's id>`. */
export interface Charge {
  effectKey: string;
  providerId: string;
  outcome: 'hit' | 'miss' | 'error';
  amountMicros: Micros;
}

/** One row of the search log. It holds no value that was asked with, only the hash of all of them. */
export interface LogEntry {
  searchId: string;
  kind: SearchKind;
  status: SearchStatus;
  /** SHA-256 of the normalised query, keyed by the tenant; null when the query could not be read. */
  queryHash: Buffer | null;
  people: { personId: string | null; provider: string; probability: number }[];
  trace: ProviderStep[];
  problem: { code: string; message: string } | null;
  costMicros: Micros;
  milliseconds: number;
  cached: boolean;
}

/** What searches leave behind in the database, to be written by `recordEffects`. */
export interface SearchEffects {
  charges: readonly Charge[];
  log: readonly LogEntry[];
}

export interface ManyAnswers {
  /** In the order of the requests. */
  results: SearchResult[];
  effects: SearchEffects;
}

/** The one way to search, for the API and for batches alike. */
export interface SearchEngine {
  /**
   * Answers one question and records it: charges, log and the event `search.performed` in one transaction of its own. A
   * question that cannot be read is a result with status `invalid`, and so on: throws only when the database is away.
   */
  search(scope: SearchScope, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>;
  /**
   * Many questions at once, set-wise where a provider can; equal ones are asked once. A bad question is an answer of
   * its own and never a failure of all. Nothing of it is in the log or settled in the ledger until the caller passes
   * `effects` to `recordEffects`, in the transaction that stores the results: so results, log and bill are there
   * together or not at all. What was reserved or answered by a paid provider before that stands under its effect key: the
   * same work tried again finds it, and is neither asked nor billed again.
   *
   * @param budget most that all of these may cost together, or null. In the order of the requests; the ones that it
   *   does not reach come back as `over_budget`
   * @throws Failure `search.provider_throttled` with `retryAfter` when a provider wants the work to wait longer than a
   *   few seconds. Try the same requests again later
   */
  searchMany(
    scope: SearchScope,
    requests: readonly SearchRequest[],
    signal: AbortSignal,
    budget?: Micros | null,
  ): Promise<ManyAnswers>;
  /** Writes charges and log in the caller's transaction on the search database: two statements, however many rows. */
  recordEffects(sql: Sql, scope: SearchScope, effects: SearchEffects): Promise<void>;
  /** What a search would cost at most, provider by provider, without asking anybody. */
  price(
    scope: SearchScope,
    kind: SearchKind,
  ): Promise<{ currency: string; maxMicros: Micros; steps: { provider: string; costMicros: string }[] }>;
}
