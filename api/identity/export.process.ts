import { ExportRepository, type Export } from '../../db/identity/exports.repository.ts';
import { nullFor } from '../../domain/failure.ts';
import { exportWorkflowId } from '../../workflows/identity/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Exports of organisations and of persons among all processes. Those of accounts are nobody's business but their person's. */
export function exportProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'export',
    scope: 'exports:read',
    entries: {
      'identity.export_requested': { type: 'requested', words: 'Asked for', data: ['kind'] },
      'identity.export_started': { type: 'started', words: 'Is being collected' },
      'identity.export_completed': {
        type: 'completed',
        words: 'Its archive is there',
        data: ['rows', 'bytes'],
      },
      'identity.export_failed': { type: 'failed', words: 'Failed', data: ['code'] },
      'identity.export_expired': { type: 'expired', words: 'Its archive was deleted by age' },
      'identity.export_deleted': { type: 'deleted', words: 'Deleted' },
    },
    find: (tenantId, id) =>
      database
        .read('identity', ({ sql }) => new ExportRepository(sql, { tenantId }).get(id))
        .then(summaryOf)
        .catch(nullFor('identity.export_not_found')),
    list: async (tenantId, limit, afterId) => {
      const exports = await database.read('identity', ({ sql }) =>
        new ExportRepository(sql, { tenantId }).list(limit, afterId),
      );
      return exports.map(summaryOf);
    },
  };
}

function summaryOf({ id, state, createdAt, finishedAt }: Export): ProcessSummary {
  return { id, state, workflowId: exportWorkflowId(id), createdAt, finishedAt };
}
