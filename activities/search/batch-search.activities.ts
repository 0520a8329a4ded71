import { activityInfo } from '@temporalio/activity';
import { countsOf, type Batch } from '../../db/search/batch.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import {
  releaseRange,
  requireFence,
  reserveBudget,
  takeRange,
  unfinishedRanges,
  type RangeLease,
} from '../../db/search/batch-ranges.ts';
import { pendingRows, skipRows, storeResults, type PendingRow } from '../../db/search/batch-search.ts';
import { storeWait } from '../../db/search/batch-waiting.ts';
import { isOutOfPatience, waitAfter } from '../../domain/search/batch-wait.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import type { Sql } from '../../db/sql.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { takeBackRanges } from './batch-lost-calls.ts';
import { RowSearcher, type RowAnswers, type SearchServices } from './batch-row-searcher.ts';
import { WaitingRows } from './batch-waiting-rows.ts';
import { StepSizes } from './batch-step-size.ts';
import type { TenantShares } from './tenant-shares.ts';
import { viewOf } from './batch-view.ts';

/** A range is given back after so long, finished or not, so that tenants take turns and a lost worker costs little. */
const rangeMilliseconds = 4_000;
const skippedAtOnce = 20_000;

/** What one step works on: one look at the batch, its next rows, and the money for them. */
interface Step {
  batch: Batch;
  rows: readonly PendingRow[];
  /** Most that the rows may cost together; null without a budget. */
  budget: bigint | null;
  waitsForBudget: boolean;
}

/** The second half of a batch: from rows to results. */
export function createBatchSearchActivities(
  services: SearchServices,
  shares: TenantShares,
): Pick<BatchActivities, 'planSearch' | 'searchRange' | 'finishSearch' | 'skipRest'> {
  const { database } = services;
  const searcher = new RowSearcher(services);
  const stepSizes = new StepSizes();

  const startStep = async (batch: Batch, lease: RangeLease, from: number, to: number): Promise<Step> => {
    const { tenantId, id } = batch;
    const limit = stepSizes.of(id).rows;
    if (batch.budgetMicros === null) {
      return await database.read('search', async ({ sql }) => ({
        batch: await new BatchRepository(sql).get(tenantId, id),
        rows: await pendingRows(sql, id, from, to, limit),
        budget: null,
        waitsForBudget: false,
      }));
    }
    const each = await searcher.highestPrice(batch);
    return await database.transaction('search', async ({ sql }) => {
      const now = await new BatchRepository(sql).lock(tenantId, id);
      if (!isSearching(now)) return { batch: now, rows: [], budget: null, waitsForBudget: false };
      const { lost } = lease;
      const rows = lost
        ? await pendingRows(sql, id, from, lost.to, lost.to - from + 1)
        : await pendingRows(sql, id, from, to, limit);
      const granted = await reserveBudget(sql, now, lease, rows, each);
      return { batch: now, rows: [], budget: null, ...granted, waitsForBudget: granted === null };
    });
  };

  return {
    async planSearch({ batchId, tenantId }) {
      return await withHeartbeat(async () => {
        const batch = await database.read('search', ({ sql }) =>
          new BatchRepository(sql).get(tenantId, batchId),
        );
        // Nobody is at work now: what ranges are left belong to attempts that were given up.
        await takeBackRanges(services, batch, false);
        if (countsOf(batch).pending === 0) return [];
        // Nothing has been searched: all there is.
        const { rowsFound, rowsNotFound, rowsSkipped, rowsTotal, run } = batch;
        if (run === 0 && rowsTotal !== null && rowsFound + rowsNotFound + rowsSkipped === 0)
          return [{ from: 1, to: rowsTotal }];
        return await database.read('search', ({ sql }) => unfinishedRanges(sql, batchId));
      });
    },

    async searchRange({ batchId, tenantId, from, to }) {
      return await withHeartbeat(async (signal) => {
        const started = performance.now();
        let batch = await database.read('search', ({ sql }) =>
          new BatchRepository(sql).get(tenantId, batchId),
        );
        let next = from;
        let waitsForBudget = false;
        const waiting = new WaitingRows();
        if (isSearching(batch)) {
          let lease = await database.read('search', ({ sql }) => takeRange(sql, batchId, from, to));
          let isHeld = true;
          const prepared = searcher.prepare(batch, (sql) => requireFence(sql, lease));
          while (next <= to && performance.now() - started < rangeMilliseconds) {
            signal.throwIfAborted();
            const isToGoOn = await shares.step(tenantId, started + rangeMilliseconds, signal, async () => {
              const stepStarted = performance.now();
              const step = await startStep(batch, lease, next, to);
              ({ batch, waitsForBudget } = step);
              if (!isSearching(batch) || waitsForBudget) return false;
              const last = step.rows.at(-1);
              if (!last) {
                next = (lease.lost?.to ?? to) + 1;
                lease = { ...lease, lost: null };
                return next <= to;
              }
              const mayWait = !isOutOfPatience(batch.waiting, batch.readAt);
              const { attempt } = activityInfo();
              const answers = await prepared.answer(step.rows, step.budget, mayWait, attempt, signal);
              const isLast = last.rowNo >= to;
              batch = await database.transaction('search', async (transaction) => {
                await prepared.recordEffects(transaction, answers);
                const stored = await storeResults(transaction.sql, tenantId, lease, answers.results, isLast);
                return await storeWaiting(transaction.sql, stored, step.rows, answers);
              });
              waiting.add(answers.waiting, batch);
              stepSizes.of(batchId).learn(step.rows.length, performance.now() - stepStarted);
              next = last.rowNo + 1;
              lease = { ...lease, lost: null };
              isHeld = !isLast;
              return true;
            });
            if (!isToGoOn) break;
          }
          if (isHeld) await database.read('search', ({ sql }) => releaseRange(sql, lease));
        }
        return {
          view: viewOf(batch),
          left: next <= to ? { from: next, to } : null,
          rows: next - from,
          seconds: (performance.now() - started) / 1_000,
          waitsForBudget,
          ...waiting.outcome(),
        };
      });
    },

    async finishSearch({ batchId, tenantId }) {
      const batch = await database.transaction('search', async (transaction) => {
        const { sql } = transaction;
        const now = await new BatchRepository(sql).lock(tenantId, batchId);
        if (!isSearching(now) || countsOf(now).pending > 0) return now;
        return await changeBatch(
          transaction,
          now,
          { phase: 'aggregating' },
          { type: 'search.batch_searched', data: { cost_micros: String(now.costMicros) } },
        );
      });
      return viewOf(batch);
    },

    async skipRest({ batchId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        const held = await database.read('search', ({ sql }) =>
          new BatchRepository(sql).get(tenantId, batchId),
        );
        if (held.hold === 'cancel') await takeBackRanges(services, held, true);
        for (let afterRow = 0; ;) {
          signal.throwIfAborted();
          const done = await database.transaction('search', async (transaction) => {
            const { sql } = transaction;
            const batch = await new BatchRepository(sql).lock(tenantId, batchId);
            if (batch.hold !== 'cancel' || batch.phase === 'aggregating') return viewOf(batch);
            const { rows, lastRow } = await skipRows(sql, batch, afterRow, skippedAtOnce);
            afterRow = lastRow;
            if (rows > 0) return null;
            const change = { phase: 'aggregating', rowsTotal: batch.rowsIngested } as const;
            return viewOf(await changeBatch(transaction, batch, change, { type: 'search.batch_stopped' }));
          });
          if (done) return done;
        }
      });
    },
  };
}

/** After the results of a step: which of its rows wait, and since when nobody was answered. */
async function storeWaiting(
  sql: Sql,
  batch: Batch,
  rows: readonly PendingRow[],
  { results, waiting }: RowAnswers,
): Promise<Batch> {
  if (waiting.length === 0 && batch.waiting === null) return batch;
  const answered = results.some(({ code }) => code !== 'search.providers_unavailable');
  const [soonest] = waiting.map(({ later }) => later).toSorted((a, b) => a.afterMs - b.afterMs);
  const wait = waitAfter(batch.waiting, answered, soonest ?? null, batch.readAt);
  const paidBefore = new Map(rows.map(({ rowNo, paidMicros }) => [rowNo, paidMicros]));
  const paid = waiting
    .map(({ rowNo, paidMicros }) => ({ rowNo, micros: paidMicros - (paidBefore.get(rowNo) ?? 0n) }))
    .filter(({ micros }) => micros !== 0n);
  if (wait === batch.waiting && paid.length === 0) return batch;
  return await storeWait(sql, batch, wait, paid);
}

function isSearching({ phase, hold }: Batch): boolean {
  return phase === 'searching' && hold === null;
}
