import { Failure } from '../failure.ts';

/**
 * How far the work of a batch has come. It only ever goes forward, but for `completed`, `cancelled` → `searching` when
 * failed rows are tried again.
 */
export const batchPhases = [
  'submitted',
  'validating',
  'ingesting',
  'searching',
  'aggregating',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;
export type BatchPhase = (typeof batchPhases)[number];

/** What its owner has asked for: that it waits, or that it ends with what it has. */
export const batchHolds = ['pause', 'cancel'] as const;
export type BatchHold = (typeof batchHolds)[number];

/** What callers see: the phase, or what holds it. */
export const batchStates = [...batchPhases, 'paused', 'cancelling'] as const;
export type BatchState = (typeof batchStates)[number];

/** Where a batch stands. */
export interface BatchStanding {
  phase: BatchPhase;
  hold: BatchHold | null;
}

const holdable: ReadonlySet<BatchPhase> = new Set(['submitted', 'validating', 'ingesting', 'searching']);
const finished: ReadonlySet<BatchPhase> = new Set(['completed', 'failed', 'cancelled', 'expired']);

/** True when nothing more will happen to a batch by itself, but that its files and rows expire. */
export function isFinished(phase: BatchPhase): boolean {
  return finished.has(phase);
}

/** The one word for where a batch stands. */
export function batchState({ phase, hold }: BatchStanding): BatchState {
  if (hold === 'cancel') return 'cancelling';
  return hold === 'pause' ? 'paused' : phase;
}

export const batchCommands = ['pause', 'resume', 'cancel', 'retry-failed', 'change', 'delete'] as const;
export type BatchCommand = (typeof batchCommands)[number];

const refusals: Record<BatchCommand, string> = {
  pause: 'Only a batch that is still working can be paused.',
  resume: 'Only a paused batch can be resumed.',
  cancel: 'Only a batch that is still working or paused can be cancelled.',
  'retry-failed': 'Failed rows can be tried again while rows are searched, and once the results are there.',
  change: 'Only a batch that is still working or paused can be changed.',
  delete: 'Only a batch that has ended can be deleted. Cancel it first.',
};

/**
 * What a command makes of where a batch stands. A command that has taken effect already changes nothing, so that it may
 * be repeated.
 *
 * @throws Failure `search.batch_state` with the present state when the command does not fit it
 */
export function applyCommand(command: BatchCommand, standing: BatchStanding): BatchStanding {
  const { phase, hold } = standing;
  const running = holdable.has(phase);
  switch (command) {
    case 'pause':
      if (running && hold !== 'cancel') return { phase, hold: 'pause' };
      break;
    case 'resume':
      if (running && hold !== 'cancel') return { phase, hold: null };
      break;
    case 'cancel':
      if (running) return { phase, hold: 'cancel' };
      break;
    case 'retry-failed':
      if (phase === 'searching' && hold !== 'cancel') return standing;
      if (phase === 'completed' || phase === 'cancelled') return { phase: 'searching', hold: null };
      break;
    case 'change':
      if (running && hold !== 'cancel') return standing;
      break;
    case 'delete':
      if (isFinished(phase)) return standing;
      break;
  }
  const state = batchState(standing);
  throw new Failure('search.batch_state', `The batch is ${state}. ${refusals[command]}`, { state });
}

/** How a row has ended. `skipped`: not searched, because of the budget or because the batch was cancelled. */
export const rowStatuses = ['found', 'not_found', 'failed', 'skipped'] as const;
export type RowStatus = (typeof rowStatuses)[number];

/** Rows by how they have ended, and those that have not. */
export interface RowCounts {
  found: number;
  not_found: number;
  failed: number;
  skipped: number;
  pending: number;
}

/**
 * Why a row may fail without its content being at fault, so that trying it again makes sense. All other codes say what
 * is wrong with the row, and will say so again.
 */
export const retryableRowCodes = ['search.providers_unavailable', 'search.row_not_answered'] as const;

/** Why a row was skipped. These are searched again too, by the same command. */
export const skippedRowCodes = ['search.row_over_budget', 'search.row_cancelled'] as const;
