import type { Transaction } from '../../db/database.ts';
import type { Batch } from '../../db/search/batch.ts';
import type { PendingRow, RowResult } from '../../db/search/batch-search.ts';
import { Failure } from '../../domain/failure.ts';
import { prepareMapping, type MappedRow } from '../../domain/search/apply-mapping.ts';
import { fieldsUsedBy } from '../../domain/search/query.ts';
import type {
  ManyAnswers,
  SearchEffects,
  SearchRequest,
  SearchResult,
  SearchScope,
} from '../../services/search/contract.ts';
import type { WorkerServices } from '../services.ts';

/** After so many attempts at a range, a row that brings all of its step down is looked for. */
const attemptsTogether = 3;

export interface RowAnswers {
  results: RowResult[];
  /** To be recorded with the results; several when rows had to be asked one by one. */
  effects: SearchEffects[];
}

/** Asks the search engine the questions of rows. */
export class RowSearcher {
  readonly #services: WorkerServices;

  constructor(services: WorkerServices) {
    this.#services = services;
  }

  /** The most that one row of a batch can cost. */
  async highestPrice(batch: Batch): Promise<bigint> {
    const { maxMicros } = await this.#services.engine.price(scopeOf(batch), batch.kind);
    const { rowBudget } = batch.options;
    return rowBudget !== null && BigInt(rowBudget) < maxMicros ? BigInt(rowBudget) : maxMicros;
  }

  prepare(batch: Batch): PreparedSearch {
    return new PreparedSearch(this.#services, batch);
  }
}

/** The questions of one batch. */
class PreparedSearch {
  readonly #services: WorkerServices;
  readonly #batch: Batch;
  readonly #scope: SearchScope;
  readonly #map: (values: readonly string[]) => MappedRow;

  constructor(services: WorkerServices, batch: Batch) {
    this.#services = services;
    this.#batch = batch;
    this.#scope = scopeOf(batch);
    this.#map = prepareMapping(batch.mapping, batch.columns ?? []);
  }

  /**
   * The answers to some rows.
   *
   * @param attempt of the range. A row that makes the engine throw is found and failed after some, so that it can't
   *   hold up the others for ever
   */
  async answer(
    rows: readonly PendingRow[],
    budget: bigint | null,
    attempt: number,
    signal: AbortSignal,
  ): Promise<RowAnswers> {
    try {
      return this.#read(rows, await this.#ask(rows, signal, budget));
    } catch (error) {
      if (attempt <= attemptsTogether || signal.aborted || error instanceof Failure) throw error;
      await this.#services.database.ping('search');
      return await this.#answerOneByOne(rows, budget, signal);
    }
  }

  /** Records what the answers cost and that they were given, in the transaction that stores them. */
  async recordEffects(transaction: Transaction, { effects }: RowAnswers): Promise<void> {
    const { engine } = this.#services;
    for (const one of effects) await engine.recordEffects(transaction.sql, this.#scope, one);
    const days = [...new Set(effects.flatMap((one) => one.days))];
    if (days.length === 0) return;
    await transaction.publish({
      type: 'search.performed',
      tenantId: this.#batch.tenantId,
      subject: `batch:${this.#batch.id}`,
      data: { days, searches: effects.reduce((sum, one) => sum + one.log.length, 0) },
      actorId: this.#batch.createdBy,
      traceId: this.#batch.traceId,
    });
  }

  async #answerOneByOne(
    rows: readonly PendingRow[],
    budget: bigint | null,
    signal: AbortSignal,
  ): Promise<RowAnswers> {
    const answers: RowAnswers = { results: [], effects: [] };
    let left = budget;
    for (const row of rows) {
      try {
        const { results, effects } = this.#read([row], await this.#ask([row], signal, left));
        answers.results.push(...results);
        answers.effects.push(...effects);
        if (left !== null) for (const { costMicros } of results) left -= costMicros;
      } catch (error) {
        if (signal.aborted || error instanceof Failure) throw error;
        await this.#services.database.ping('search');
        this.#services.log.error(
          { err: error, batch_id: this.#batch.id, row_no: row.rowNo },
          'a row is given up',
        );
        answers.results.push(notAnswered(row));
      }
    }
    return answers;
  }

  async #ask(rows: readonly PendingRow[], signal: AbortSignal, budget: bigint | null): Promise<ManyAnswers> {
    const requests = rows.map((row) => this.#requestOf(row));
    return await this.#services.engine.searchMany(this.#scope, requests, signal, budget);
  }

  #requestOf({ rowNo, values, attempt }: PendingRow): SearchRequest {
    const { id, kind, options } = this.#batch;
    const key = `batch:${id}:${rowNo}`;
    return {
      kind,
      fields: fieldsUsedBy(kind, this.#map(values).fields),
      options: {
        minScore: options.minScore,
        limit: 1,
        requiredFields: options.requiredFields,
        budget: options.rowBudget === null ? null : BigInt(options.rowBudget),
        recordSetIds: options.recordSetIds,
        useCache: options.useCache,
      },
      // Whoever has a failed row tried again wants it asked again.
      effectKey: attempt === 1 ? key : `${key}:${attempt}`,
    };
  }

  #read(rows: readonly PendingRow[], { results, effects }: ManyAnswers): RowAnswers {
    if (results.length !== rows.length)
      throw new Error('The engine gave another number of answers than questions.');
    return {
      results: rows.map((row, place) => resultOf(row, results[place] as SearchResult)),
      effects: [effects],
    };
  }
}

function scopeOf(batch: Batch): SearchScope {
  return { tenantId: batch.tenantId, userId: batch.createdBy, source: 'batch', traceId: batch.traceId };
}

function resultOf({ rowNo, attempt }: PendingRow, result: SearchResult): RowResult {
  const [best] = result.people;
  const problem =
    result.status === 'over_budget'
      ? { code: 'search.row_over_budget', message: 'The budget did not reach to this row.' }
      : result.problem;
  return {
    rowNo,
    attempt,
    status: statusOf[result.status],
    code: problem?.code ?? null,
    message: problem?.message ?? null,
    score: best?.probability ?? null,
    costMicros: result.costMicros,
    searchId: result.searchId,
    cached: result.cached,
    match: best
      ? {
          personId: best.personId,
          recordSetId: best.recordSetId,
          provider: best.provider,
          matchedOn: best.matchedOn,
          fields: best.fields,
        }
      : null,
    facts: Object.keys(result.facts).length > 0 ? result.facts : null,
  };
}

const statusOf = {
  found: 'found',
  not_found: 'not_found',
  invalid: 'failed',
  failed: 'failed',
  over_budget: 'skipped',
} as const;

function notAnswered({ rowNo, attempt }: PendingRow): RowResult {
  return {
    rowNo,
    attempt,
    status: 'failed',
    code: 'search.row_not_answered',
    message: 'This row could not be searched because of an error on our side.',
    score: null,
    costMicros: 0n,
    searchId: null,
    cached: false,
    match: null,
    facts: null,
  };
}
