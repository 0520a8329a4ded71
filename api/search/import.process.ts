import { ImportRepository } from '../../db/search/import.repository.ts';
import type { Import } from '../../db/search/import.ts';
import { nullFor } from '../../domain/failure.ts';
import { importWorkflowId } from '../../workflows/search/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Imports of persons among all processes. */
export function importProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'import',
    scope: 'records:read',
    entries: {
      'search.import_submitted': {
        type: 'submitted',
        words: 'Submitted',
        data: ['mode', 'record_set_id'],
      },
      'search.import_validating': { type: 'validating', words: 'Its file is read through' },
      'search.import_validated': { type: 'validated', words: 'Its file is whole', data: ['rows'] },
      'search.import_read': { type: 'read', words: 'Its people are stored' },
      'search.import_cancel_requested': { type: 'cancel_requested', words: 'To be cancelled' },
      'search.import_cancelled': { type: 'cancelled', words: 'Cancelled' },
      'search.import_completed': {
        type: 'completed',
        words: 'Completed',
        data: ['mode', 'imported', 'rejected', 'record_set_id'],
      },
      'search.import_failed': { type: 'failed', words: 'Failed', data: ['code'] },
      'search.import_redacted': { type: 'redacted', words: 'Somebody was taken out of its report' },
      'search.import_expired': { type: 'expired', words: 'Its report was deleted by age' },
    },
    find: (tenantId, id) =>
      database
        .read('search', ({ sql }) => new ImportRepository(sql).get(tenantId, id))
        .then(summaryOf)
        .catch(nullFor('search.import_not_found')),
    list: async (tenantId, limit, afterId) => {
      const imports = await database.read('search', ({ sql }) =>
        new ImportRepository(sql).listAll(tenantId, limit, afterId),
      );
      return imports.map(summaryOf);
    },
  };
}

function summaryOf({ id, phase, createdAt, finishedAt }: Import): ProcessSummary {
  return { id, state: phase, workflowId: importWorkflowId(id), createdAt, finishedAt };
}
