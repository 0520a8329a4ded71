import type { Settlement } from '../../db/search/limits.repository.ts';
import type { NewLogEntry } from '../../db/search/search-log.repository.ts';
import type { Sql } from '../../db/sql.ts';
import type {
  Micros,
  ProviderStep,
  RankedPerson,
  SearchProblem,
  SearchStatus,
} from '../../domain/search/answer.ts';
import type { RetryLater } from '../../domain/search/batch-wait.ts';
import {
  queryKinds,
  type NormalisedQuery,
  type QueryInput,
  type QueryKind,
} from '../../domain/search/query.ts';

export type {
  Micros,
  ProviderStep,
  RankedPerson,
  SearchProblem,
  SearchStatus,
} from '../../domain/search/answer.ts';

/** What kind of question a search asks. */
export const searchKinds = queryKinds;
export type SearchKind = QueryKind;

export interface SearchOptions {
  /** Least probability of a person that is returned, 0 to 1. Below it nothing counts as found. */
  minScore: number;
  /** Most people returned. */
  limit: number;
  /** Fields that an answer must have (`isRequirable`), or the waterfall goes on to the next provider. */
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
  fields: QueryInput;
  options: SearchOptions;
  /**
   * The business key of the effect: `search:<uuid>` or `batch:<uuid>:<row>`. Whatever is called or billed is called or
   * billed once for it, however often the work is tried.
   */
  effectKey: string;
  /**
   * Others may have asked it under the same key before and been lost: what they paid is then its cost. Rows of a batch
   * always may.
   */
  mayRepeat?: boolean;
  /** Should a provider not be there for now, it will be asked again: calls whose end is unknown stay open until then. */
  mayWait?: boolean;
  /** What its calls have cost when it was asked before and had to wait. Default 0; no budget is charged with it again. */
  paid?: Micros;
}

export interface SearchScope {
  tenantId: string;
  /** Who asked: for the log and the statistics. */
  userId: string | null;
  source: 'api' | 'batch';
  traceId: string | null;
  /**
   * Throws when others have taken the work over. It is called in each transaction that reserves calls or closes them: a
   * process that was only thought lost neither pays for what nobody will count nor ends the calls of its successor.
   */
  fence?: ((sql: Sql) => Promise<void>) | undefined;
}

export interface SearchResult {
  searchId: string;
  status: SearchStatus;
  /** How the question was read; null when it could not be. */
  query: NormalisedQuery | null;
  /** Best first. Empty unless found. */
  people: RankedPerson[];
  /** Facts about the values asked with (type of a phone, a disposable mail domain), by provider. */
  facts: Record<string, unknown>;
  costMicros: Micros;
  /** ISO 4217, the same for all of a tenant's searches. */
  currency: string;
  /** It cost nothing: the answer came from the cache, or from an equal question that was asked at the same time. */
  cached: boolean;
  trace: ProviderStep[];
  /** For `invalid` and `failed`. */
  problem: SearchProblem | null;
  /** For `failed`: somebody who might know can't be asked for now, but later. */
  retryLater: RetryLater | null;
}

/** What searches leave behind in the database, to be written by `recordEffects`. Holds no value that was asked with. */
export interface SearchEffects {
  currency: string;
  /** What calls that were reserved before come to, by provider. */
  settlements: readonly { providerId: string; settlement: Settlement }[];
  /** Rows of the search log. */
  log: readonly NewLogEntry[];
  /** The UTC days (`YYYY-MM-DD`) of the log rows. Put them into `data.days` of the event `search.performed`. */
  days: readonly string[];
}

export interface ManyAnswers {
  /** In the order of the requests. */
  results: SearchResult[];
  effects: SearchEffects;
}

/** The one way to search, for the API and for batches alike. */
export interface SearchEngine {
  /**
   * Answers one question and records it: bill, log and the event `search.performed` in one transaction of its own. A
   * question that cannot be read is a result with status `invalid`, and so on: throws only when the database is away.
   */
  search(scope: SearchScope, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>;
  /**
   * Many questions at once, set-wise where a provider can; equal ones are asked once. A bad question is an answer of
   * its own and never a failure of all. Nothing of it is in the log until the caller passes `effects` to
   * `recordEffects`, in the transaction that stores the results: so results, log and bill are there together or not at
   * all. What was reserved or answered by a paid provider before that stands in the ledger under its effect key: the
   * same work tried again finds it, and is neither asked nor billed again.
   *
   * @param budget most that all of these may cost together, or null. In the order of the requests; the ones that it
   *   does not reach come back as `over_budget`
   */
  searchMany(
    scope: SearchScope,
    requests: readonly SearchRequest[],
    signal: AbortSignal,
    budget?: Micros | null,
  ): Promise<ManyAnswers>;
  /**
   * What requests have paid so far, by effect key: of work that was lost before its results were stored. A call whose end
   * is unknown counts at what was reserved.
   *
   * @param isOver they will not be asked again: such a call stays billed at that
   */
  paid(
    scope: SearchScope,
    effectKeys: readonly string[],
    isOver: boolean,
  ): Promise<ReadonlyMap<string, Micros>>;
  /** Writes bill and log in the caller's transaction on the search database: a few statements, however many rows. */
  recordEffects(sql: Sql, scope: SearchScope, effects: SearchEffects): Promise<void>;
  /**
   * Deletes the answers of a tenant that are kept outside of the database. Those in it go in a transaction of whoever
   * erases, which counts them.
   *
   * @throws RedisUnavailable when Redis is away: to be tried again
   */
  forgetAnswers(tenantId: string): Promise<void>;
  /** What a search would cost at most, provider by provider, without asking anybody. */
  price(scope: SearchScope, kind: SearchKind): Promise<SearchPrice>;
  /** Whether a search may take its time: it asks somebody outside, or waits for its turn at a provider. */
  mayWait(scope: SearchScope, kind: SearchKind): Promise<boolean>;
  /**
   * Asks one provider of the tenant, enabled or not, past the cache and the others. The call is limited and billed as any
   * other, and is not in the search log. Null when the tenant has no such provider.
   */
  testProvider(
    scope: SearchScope,
    providerId: string,
    request: Pick<SearchRequest, 'kind' | 'fields' | 'effectKey'>,
    signal: AbortSignal,
  ): Promise<ProviderTest | null>;
}

export interface SearchPrice {
  currency: string;
  maxMicros: Micros;
  /** In the order of the waterfall. */
  steps: { provider: string; costMicros: string }[];
}

export interface ProviderTest {
  /** Null when the question could not be read; `problem` then tells why. */
  step: ProviderStep | null;
  people: RankedPerson[];
  facts: Record<string, unknown>;
  problem: SearchProblem | null;
}
