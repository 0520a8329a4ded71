import assert from 'node:assert/strict';
import type { BatchPhase } from '../../domain/search/batch.ts';
import type { BatchView, RangeOutcome } from '../../workflows/search/messages.ts';
import { goOn } from './small-batch.ts';

describe('the steps of a small batch', () => {
  const input = { batchId: 'b', tenantId: 't' };
  const viewOf = (phase: BatchPhase, changes: Partial<BatchView> = {}): BatchView => ({
    phase,
    hold: null,
    revision: 1,
    priority: 3,
    concurrency: 4,
    details: '',
    webhookDue: false,
    ...changes,
  });
  const range = { from: 1, to: 3 };

  async function taken(
    from: BatchView,
    changes: { ingested?: BatchView; searched?: Partial<RangeOutcome>; finished?: BatchView } = {},
  ): Promise<{ steps: string[]; phase: BatchPhase }> {
    const steps: string[] = [];
    const step = <T>(name: string, result: T): Promise<T> => {
      steps.push(name);
      return Promise.resolve(result);
    };
    const outcome: RangeOutcome = {
      view: viewOf('searching'),
      left: null,
      rows: 3,
      seconds: 0.1,
      waitsForBudget: false,
      waiting: null,
      waitSeconds: 0,
      ...changes.searched,
    };
    const view = await goOn(
      {
        ingestBatch: () => step('ingest', changes.ingested ?? viewOf('searching')),
        planSearch: () => step('plan', [range]),
        searchRange: ({ from: first, to }) => step(`search ${first}–${to}`, outcome),
        finishSearch: () => step('finish', changes.finished ?? viewOf('aggregating')),
        writeResults: () => step('write', viewOf('completed')),
      },
      input,
      from,
    );
    return { steps, phase: view.phase };
  }

  it('are taken one after the other, from where the batch stands', async () => {
    const all = ['ingest', 'plan', 'search 1–3', 'finish', 'write'];
    assert.deepEqual(await taken(viewOf('ingesting')), { steps: all, phase: 'completed' });
    assert.deepEqual(await taken(viewOf('searching')), { steps: all.slice(1), phase: 'completed' });
    assert.deepEqual(await taken(viewOf('aggregating')), { steps: ['write'], phase: 'completed' });
    for (const phase of ['completed', 'failed', 'cancelled'] as const)
      assert.deepEqual(await taken(viewOf(phase)), { steps: [], phase });
  });

  it('end where its owner holds it', async () => {
    assert.deepEqual(await taken(viewOf('ingesting', { hold: 'pause' })), { steps: [], phase: 'ingesting' });
    const ingested = viewOf('searching', { hold: 'cancel' });
    assert.deepEqual(await taken(viewOf('ingesting'), { ingested }), {
      steps: ['ingest'],
      phase: 'searching',
    });
    const finished = viewOf('searching', { hold: 'pause' });
    assert.equal((await taken(viewOf('searching'), { finished })).phase, 'searching');
  });

  it('end where rows are left, or wait', async () => {
    for (const searched of [{ left: range }, { waiting: range, waitSeconds: 30 }])
      assert.deepEqual(await taken(viewOf('searching'), { searched }), {
        steps: ['plan', 'search 1–3'],
        phase: 'searching',
      });
  });
});
