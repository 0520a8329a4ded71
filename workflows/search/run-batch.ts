import { ActivityFailure, ApplicationFailure, TemporalFailure, type Priority } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { batchState, isFinished } from '../../domain/search/batch.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import {
  batchChangedSignal,
  type BatchActivities,
  type BatchView,
  type RowRange,
  type RunBatchInput,
} from './messages.ts';
import { Lanes } from './lanes.ts';
import { RangeQueue } from './range-queue.ts';
import { longStep, untilItWorks } from './steps.ts';

/** The receiver of a webhook is a stranger: nine more chances over some five hours, each later than the one before. */
const webhook = {
  startToCloseTimeout: '20 seconds',
  retry: {
    initialInterval: '5 seconds',
    backoffCoefficient: 3,
    maximumInterval: '2 hours',
    maximumAttempts: 10,
  },
} as const;

const activities = proxyActivities<BatchActivities>(longStep);
const { readBatch, abandonBatchWebhook } = proxyActivities<BatchActivities>({
  startToCloseTimeout: '10 seconds',
  retry: untilItWorks,
});
const { deliverBatchWebhook } = proxyActivities<BatchActivities>(webhook);

/**
 * Made within the task of the workflow, without a round through the server, which would cost many times what a small batch
 * costs. Once more, should it fail; what fails again is left to the steps that the server tries for as long as it takes.
 */
const { beginBatch } = proxyLocalActivities<BatchActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumAttempts: 2 },
  summary: 'Where does the batch stand? A small one goes through',
});

/** The first step is a local one. Since 29 November 2026; to be deprecated when no batch from before is at work. */
const beginsAtHand = 'batch-begins-at-hand';

/** Rows wait for a provider that can't be asked, instead of failing. */
const waitsForProviders = 'batch-waits-for-providers';

export const batchChanged = defineSignal(batchChangedSignal);

/**
 * A batch, from the uploaded file to the results. The database says where it stands; each step moves it on there, and the
 * workflow decides which one is next, how many chunks are at work, and what happens when one is lost.
 */
export async function runBatch(input: RunBatchInput): Promise<void> {
  await new BatchRun(input).follow();
}

class BatchRun {
  readonly #input: RunBatchInput;
  /** Signals so far: whoever has read the batch can tell whether it was changed since. */
  #changes = 0;
  #view: BatchView | null = null;

  constructor(input: RunBatchInput) {
    this.#input = input;
    setHandler(batchChanged, () => {
      this.#changes += 1;
    });
  }

  async follow(): Promise<void> {
    try {
      let view = await this.#begin();
      while (!isFinished(view.phase)) view = await this.#next(view);
      if (view.webhookDue) await this.#tellWebhook();
    } catch (error) {
      // Its owner has deleted it: nobody waits for anything any more.
      if (!isCode(error, 'search.batch_not_found')) throw error;
    }
  }

  async #next(view: BatchView): Promise<BatchView> {
    if (view.phase === 'aggregating') return await this.#run('writeResults', 'Write the result files');
    if (view.hold === 'cancel') return await this.#run('skipRest', 'Mark the rest as skipped');
    if (view.hold === 'pause') return await this.#untilChanged();
    switch (view.phase) {
      case 'submitted':
      case 'validating':
        return await this.#run('validateBatch', 'Read the file through');
      case 'ingesting':
        return await this.#run('ingestBatch', 'Store rows');
      case 'searching':
        return await this.#search();
      default:
        throw ApplicationFailure.nonRetryable(`There is no step for a batch that is ${view.phase}.`);
    }
  }

  async #begin(): Promise<BatchView> {
    if (!patched(beginsAtHand)) return await this.#read();
    try {
      return this.#note(await beginBatch(this.#input));
    } catch (error) {
      // The failure of a local activity comes as it was thrown there, and not within an ActivityFailure. One that a worker has
      // broken off as it ends is no cancellation of the workflow.
      if (error instanceof TemporalFailure) return await this.#read();
      throw error;
    }
  }

  async #read(): Promise<BatchView> {
    return this.#note(
      await readBatch.executeWithOptions({ ...this.#options('Where does the batch stand?') }, [this.#input]),
    );
  }

  async #run(
    name: 'validateBatch' | 'ingestBatch' | 'finishSearch' | 'skipRest' | 'writeResults',
    summary: string,
  ): Promise<BatchView> {
    return this.#note(
      await activities[name].executeWithOptions({ ...longStep, ...this.#options(summary) }, [this.#input]),
    );
  }

  /**
   * Waits for the next word of the owner. The batch is read once more after the signals were counted: one that came
   * before is not missed, and one that comes later ends the wait.
   */
  async #untilChanged(): Promise<BatchView> {
    const seen = this.#changes;
    const view = await this.#read();
    if (view.hold !== 'pause') return view;
    if (workflowInfo().continueAsNewSuggested) await this.#startAfresh();
    await condition(() => this.#changes > seen);
    return await this.#read();
  }

  /** Searches until every row has a result, the batch is held, or the history is long enough. */
  async #search(): Promise<BatchView> {
    const planned = await activities.planSearch.executeWithOptions(
      { ...longStep, ...this.#options('Which rows have no result yet?') },
      [this.#input],
    );
    if (planned.length === 0) return await this.#run('finishSearch', 'Has every row its result?');
    const queue = new RangeQueue(planned);
    const lanes = new Lanes();
    let seen = this.#changes;
    for (;;) {
      const view = this.#view as BatchView;
      const goOn = view.phase === 'searching' && view.hold === null && !workflowInfo().continueAsNewSuggested;
      while (goOn && !lanes.isStuck && lanes.canTake(view.concurrency)) {
        const range = queue.take();
        if (!range) break;
        lanes.start(() => this.#searchRange(range, queue, lanes));
      }
      // Should the last of all still wait for others' money, they are gone: planning anew frees what they held.
      if (lanes.busy === 0) {
        if (!goOn || lanes.isStuck || queue.waitSeconds === null) break;
        await condition(() => this.#changes > seen, `${queue.waitSeconds} seconds`, {
          summary: 'Until a provider can be asked again',
        });
        queue.resume();
      } else await lanes.freed(() => this.#changes > seen);
      if (this.#changes > seen) {
        seen = this.#changes;
        await this.#read();
      }
    }
    if (workflowInfo().continueAsNewSuggested) await this.#startAfresh();
    return this.#view as BatchView;
  }

  async #searchRange(range: RowRange, queue: RangeQueue, lanes: Lanes): Promise<void> {
    const outcome = await activities.searchRange.executeWithOptions(
      { ...longStep, ...this.#options(`Rows ${range.from}–${range.to}`) },
      [{ ...this.#input, ...range }],
    );
    if (outcome.left) queue.giveBack(outcome.left);
    // Histories from before the rows of a batch could wait have none that do.
    if (outcome.waiting && patched(waitsForProviders)) queue.putOff(outcome.waiting, outcome.waitSeconds);
    queue.learn(outcome.rows, outcome.seconds);
    lanes.waitForOthers = outcome.waitsForBudget;
    this.#note(outcome.view);
  }

  async #tellWebhook(): Promise<void> {
    try {
      await deliverBatchWebhook.executeWithOptions({ ...webhook, ...this.#options('Tell the webhook') }, [
        this.#input,
      ]);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      if (isCode(error, 'search.batch_not_found')) throw error;
      await abandonBatchWebhook(this.#input);
    }
  }

  async #startAfresh(): Promise<never> {
    await condition(allHandlersFinished);
    return await continueAsNew<typeof runBatch>(this.#input);
  }

  /** Chunks end in any order: only a newer view replaces the one we have. */
  #note(view: BatchView): BatchView {
    const before = this.#view;
    if (before && before.revision > view.revision) return before;
    this.#view = view;
    setCurrentDetails(view.details);
    if (!before || batchState(before) !== batchState(view)) {
      upsertSearchAttributes([{ key: processStatusAttribute, value: batchState(view) }]);
    }
    return view;
  }

  #options(summary: string): { summary: string; priority: Priority } {
    const { tenantId } = this.#input;
    return {
      summary,
      // Interactive work goes first, and tenants take turns whatever they have in the queue.
      priority: { priorityKey: this.#view?.priority ?? 3, fairnessKey: tenantId },
    };
  }
}

function isCode(error: unknown, code: string): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === code
  );
}
