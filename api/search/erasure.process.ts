import { ErasureRepository, type Erasure } from '../../db/search/erasure.repository.ts';
import { nullFor } from '../../domain/failure.ts';
import { personErasureWorkflowId } from '../../workflows/search/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** People who are forgotten, among all processes. */
export function erasureProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'erasure',
    scope: 'erasures:read',
    entries: {
      'search.erasure_requested': { type: 'requested', words: 'Asked for' },
      'search.erasure_completed': { type: 'completed', words: 'Done', data: ['report'] },
    },
    find: (tenantId, id) =>
      database
        .read('search', ({ sql }) => new ErasureRepository(sql, tenantId).get(id))
        .then(summaryOf)
        .catch(nullFor('search.erasure_not_found')),
    list: async (tenantId, limit, afterId) => {
      const erasures = await database.read('search', ({ sql }) =>
        new ErasureRepository(sql, tenantId).list(limit, afterId),
      );
      return erasures.map(summaryOf);
    },
  };
}

function summaryOf({ id, state, createdAt, finishedAt }: Erasure): ProcessSummary {
  return { id, state, workflowId: personErasureWorkflowId(id), createdAt, finishedAt };
}
