import type { Batch } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { nullFor } from '../../domain/failure.ts';
import { batchState } from '../../domain/search/batch.ts';
import { batchWorkflowId } from '../../workflows/search/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Batch searches among all processes. */
export function batchProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'batch',
    scope: 'batches:read',
    entries: {
      'search.batch_submitted': { type: 'submitted', words: 'Submitted', data: ['priority'] },
      'search.batch_validating': { type: 'validating', words: 'Its file is read through' },
      'search.batch_validated': { type: 'validated', words: 'Its file is whole', data: ['rows'] },
      'search.batch_ingested': { type: 'ingested', words: 'Its rows are stored', data: ['rows'] },
      'search.performed': { type: 'rows_searched', words: 'Rows were searched', data: ['searches'] },
      'search.batch_searched': {
        type: 'searched',
        words: 'Every row has its result',
        data: ['cost_micros'],
      },
      'search.batch_stopped': { type: 'stopped', words: 'The rest of its rows was skipped' },
      'search.batch_paused': { type: 'paused', words: 'Paused' },
      'search.batch_resumed': { type: 'resumed', words: 'Resumed' },
      'search.batch_changed': {
        type: 'changed',
        words: 'Its priority, concurrency or budget was changed',
        data: ['priority', 'concurrency', 'budget'],
      },
      'search.batch_cancel_requested': { type: 'cancel_requested', words: 'To be cancelled' },
      'search.batch_cancelled': {
        type: 'cancelled',
        words: 'Cancelled; what was found is there',
        data: ['rows', 'cost_micros'],
      },
      'search.batch_completed': {
        type: 'completed',
        words: 'Completed',
        data: ['rows', 'cost_micros'],
      },
      'search.batch_failed': { type: 'failed', words: 'Failed for its file', data: ['code'] },
      'search.batch_rows_reopened': {
        type: 'rows_reopened',
        words: 'Its failed rows are tried again',
        data: ['rows'],
      },
      'search.batch_retry_started': {
        type: 'retry_started',
        words: 'Its failed rows are tried again in a run of their own',
        data: ['rows', 'run'],
      },
      'search.batch_webhook_delivered': { type: 'webhook_delivered', words: 'Its webhook was told' },
      'search.batch_webhook_refused': { type: 'webhook_refused', words: 'Its webhook refused' },
      'search.batch_webhook_given_up': { type: 'webhook_given_up', words: 'Its webhook was given up' },
      'search.batch_redacted': { type: 'redacted', words: 'Somebody was taken out of its rows and files' },
      'search.batch_expired': { type: 'expired', words: 'Its rows and files were deleted by age' },
      'search.batch_deleted': { type: 'deleted', words: 'Deleted' },
    },
    find: (tenantId, id) =>
      database
        .read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, id))
        .then(summaryOf)
        .catch(nullFor('search.batch_not_found')),
    list: async (tenantId, limit, afterId) => {
      const batches = await database.read('search', ({ sql }) =>
        new BatchRepository(sql).list(tenantId, {}, limit, afterId),
      );
      return batches.map(summaryOf);
    },
  };
}

function summaryOf(batch: Batch): ProcessSummary {
  const { id, run, createdAt, finishedAt } = batch;
  return { id, state: batchState(batch), workflowId: batchWorkflowId(id, run), createdAt, finishedAt };
}
