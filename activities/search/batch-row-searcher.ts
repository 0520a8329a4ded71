import type { Transaction } from '../../db/database.ts';
import type { Batch } from '../../db/search/batch.ts';
import type { PendingRow, RowResult } from '../../db/search/batch-search.ts';
import type { Joinable } from '../../db/together.ts';
import { Failure } from '../../domain/failure.ts';
import type { RetryLater } from '../../domain/search/batch-wait.ts';
import { prepareMapping, type MappedRow } from '../../domain/search/apply-mapping.ts';
import { fieldsUsedBy } from '../../domain/search/query.ts';
import { mapInTurns } from '../../platform/in-turns.ts';
import type {
  ManyAnswers,
  SearchEffects,
  SearchOptions,
  SearchRequest,
  SearchResult,
  SearchScope,
} from '../../services/search/contract.ts';
import { effectsOf } from '../../services/search/effects.ts';
import type { WorkerServices } from '../services.ts';

/** After so many attempts at a range, a row that brings all of its step down is looked for. */
const attemptsTogether = 3;

export type SearchServices = Pick<WorkerServices, 'engine' | 'log'> & { database: Joinable };

/** A row that a provider must still be asked about, which can't be asked for now. */
export interface WaitingRow {
  rowNo: number;
  /** What its calls have cost so far. */
  paidMicros: bigint;
  later: RetryLater;
}

export interface RowAnswers {
  results: RowResult[];
  /** Without a result: to be asked again later. */
  waiting: WaitingRow[];
  /** To be recorded with the results; several when rows had to be asked one by one. */
  effects: SearchEffects[];
}

/** Asks the search engine the questions of rows. */
export class RowSearcher {
  readonly #services: SearchServices;

  constructor(services: SearchServices) {
    this.#services = services;
  }

  /** The most that one row of a batch can cost. */
  async highestPrice(batch: Batch): Promise<bigint> {
    const { maxMicros } = await this.#services.engine.price(scopeOf(batch), batch.kind);
    const { rowBudget } = batch.options;
    return rowBudget !== null && BigInt(rowBudget) < maxMicros ? BigInt(rowBudget) : maxMicros;
  }

  /** Whether rows may take their time: somebody outside is asked, or a provider has a limit. */
  async mayWait(batch: Batch): Promise<boolean> {
    return await this.#services.engine.mayWait(scopeOf(batch), batch.kind);
  }

  /** @param fence throws when another attempt has taken the rows over */
  prepare(batch: Batch, fence: SearchScope['fence']): PreparedSearch {
    return new PreparedSearch(this.#services, batch, fence);
  }
}

/** The questions of one batch. */
class PreparedSearch {
  readonly #services: SearchServices;
  readonly #batch: Batch;
  readonly #scope: SearchScope;
  readonly #options: SearchOptions;
  readonly #map: (values: readonly string[]) => MappedRow;

  constructor(services: SearchServices, batch: Batch, fence: SearchScope['fence']) {
    this.#services = services;
    this.#batch = batch;
    this.#scope = { ...scopeOf(batch), fence };
    const { minScore, requiredFields, rowBudget, recordSetIds, useCache } = batch.options;
    const budget = rowBudget === null ? null : BigInt(rowBudget);
    this.#options = { minScore, limit: 1, requiredFields, budget, recordSetIds, useCache };
    this.#map = prepareMapping(batch.mapping, batch.columns ?? []);
  }

  /**
   * The answers to some rows.
   *
   * @param mayWait rows that a provider can't be asked about for now come back as waiting; otherwise they fail
   * @param attempt of the range. A row that makes the engine throw is found and failed after some, so that it can't
   *   hold up the others for ever
   */
  async answer(
    rows: readonly PendingRow[],
    budget: bigint | null,
    mayWait: boolean,
    attempt: number,
    signal: AbortSignal,
  ): Promise<RowAnswers> {
    try {
      return this.#read(rows, await this.#ask(rows, signal, budget, mayWait), mayWait);
    } catch (error) {
      if (attempt <= attemptsTogether || signal.aborted || error instanceof Failure) throw error;
      await this.#services.database.ping('search');
      return await this.#answerOneByOne(rows, budget, mayWait, signal);
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
    mayWait: boolean,
    signal: AbortSignal,
  ): Promise<RowAnswers> {
    const answers: RowAnswers = { results: [], waiting: [], effects: [] };
    let left = budget;
    for (const row of rows) {
      try {
        const { results, waiting, effects } = this.#read(
          [row],
          await this.#ask([row], signal, left, mayWait),
          mayWait,
        );
        answers.results.push(...results);
        answers.waiting.push(...waiting);
        answers.effects.push(...effects);
        if (left !== null) {
          for (const { costMicros } of results) left -= costMicros - row.paidMicros;
          for (const { paidMicros } of waiting) left -= paidMicros - row.paidMicros;
        }
      } catch (error) {
        if (signal.aborted || error instanceof Failure) throw error;
        await this.#services.database.ping('search');
        this.#services.log.error(
          { err: error, batch_id: this.#batch.id, row_no: row.rowNo },
          'a row is given up',
        );
        const key = effectKeyOf(this.#batch, row);
        const paid = (await this.#services.engine.paid(this.#scope, [key], true)).get(key) ?? 0n;
        answers.results.push(notAnswered(row, paid));
        if (left !== null) left -= paid - row.paidMicros;
      }
    }
    return answers;
  }

  async #ask(
    rows: readonly PendingRow[],
    signal: AbortSignal,
    budget: bigint | null,
    mayWait: boolean,
  ): Promise<ManyAnswers> {
    const requests = await mapInTurns(rows, (row) => this.#requestOf(row, mayWait));
    return await this.#services.engine.searchMany(this.#scope, requests, signal, budget);
  }

  #requestOf(row: PendingRow, mayWait: boolean): SearchRequest {
    const { kind } = this.#batch;
    return {
      kind,
      fields: fieldsUsedBy(kind, this.#map(row.values).fields),
      options: this.#options,
      effectKey: effectKeyOf(this.#batch, row),
      mayRepeat: true,
      mayWait,
      paid: row.paidMicros,
    };
  }

  #read(rows: readonly PendingRow[], { results, effects }: ManyAnswers, mayWait: boolean): RowAnswers {
    if (results.length !== rows.length)
      throw new Error('The engine gave another number of answers than questions.');
    const answers: RowAnswers = { results: [], waiting: [], effects: [effects] };
    const unanswered = new Set<string>();
    for (const [place, row] of rows.entries()) {
      const result = results[place] as SearchResult;
      const { retryLater: later, costMicros: paidMicros, searchId } = result;
      if (mayWait && later) {
        answers.waiting.push({ rowNo: row.rowNo, paidMicros, later });
        unanswered.add(searchId);
      } else answers.results.push(resultOf(row, result));
    }
    // A search that is not over is not in the log; what its calls came to counts all the same.
    if (unanswered.size > 0) {
      const log = effects.log.filter(({ searchId }) => !unanswered.has(searchId));
      answers.effects = [effectsOf(effects.currency, effects.settlements, log)];
    }
    return answers;
  }
}

/** The business key of what is done for a row. Whoever has a failed row tried again wants it asked again. */
export function effectKeyOf({ id }: Batch, { rowNo, attempt }: { rowNo: number; attempt: number }): string {
  const key = `batch:${id}:${rowNo}`;
  return attempt === 1 ? key : `${key}:${attempt}`;
}

export function scopeOf(batch: Batch): SearchScope {
  return { tenantId: batch.tenantId, userId: batch.createdBy, source: 'batch', traceId: batch.traceId };
}

function resultOf({ rowNo, attempt, paidMicros }: PendingRow, result: SearchResult): RowResult {
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
    // What an erased row has cost stays paid, though it can't be read any more.
    costMicros: result.status === 'invalid' ? paidMicros : result.costMicros,
    paidMicros,
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

function notAnswered({ rowNo, attempt, paidMicros }: PendingRow, costMicros: bigint): RowResult {
  return {
    rowNo,
    attempt,
    status: 'failed',
    code: 'search.row_not_answered',
    message: 'This row could not be searched because of an error on our side.',
    score: null,
    costMicros,
    paidMicros,
    searchId: null,
    cached: false,
    match: null,
    facts: null,
  };
}
