import { OptimisationRepository, type Optimisation } from '../../db/designs/optimisation.repository.ts';
import { PreviewRepository, type Preview } from '../../db/designs/preview.repository.ts';
import { nullFor } from '../../domain/failure.ts';
import { optimisationWorkflowId, previewWorkflowId } from '../../workflows/designs/messages.ts';
import type { ProcessKind, ProcessSummary } from '../processes/process-kind.ts';
import type { Services } from '../services.ts';

/** Designs that are drawn, among all processes. */
export function previewProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'preview',
    scope: 'designs:read',
    entries: {
      'design.preview_requested': {
        type: 'requested',
        words: 'Asked for',
        data: ['design_id', 'version', 'sizes'],
      },
      'design.preview_ready': { type: 'ready', words: 'The pictures are there', data: ['pictures', 'bytes'] },
      'design.preview_failed': { type: 'failed', words: 'Failed', data: ['code'] },
    },
    find: (tenantId, id) =>
      database
        .read('designs', ({ sql }) => new PreviewRepository(sql, tenantId).get(id))
        .then(summaryOfPreview)
        .catch(nullFor('designs.preview_not_found')),
    list: async (tenantId, limit, afterId) => {
      const previews = await database.read('designs', ({ sql }) =>
        new PreviewRepository(sql, tenantId).list(limit, afterId),
      );
      return previews.map(summaryOfPreview);
    },
  };
}

/** Designs that are made smaller, among all processes. */
export function optimisationProcesses({ database }: Pick<Services, 'database'>): ProcessKind {
  return {
    name: 'optimisation',
    scope: 'designs:read',
    entries: {
      'design.optimisation_requested': {
        type: 'requested',
        words: 'Asked for',
        data: ['design_id', 'version'],
      },
      'design.optimised': {
        type: 'ended',
        words: 'Has ended',
        data: ['state', 'new_version', 'bytes_before', 'bytes_after', 'code'],
      },
    },
    find: (tenantId, id) =>
      database
        .read('designs', ({ sql }) => new OptimisationRepository(sql, tenantId).get(id))
        .then(summaryOfOptimisation)
        .catch(nullFor('designs.optimisation_not_found')),
    list: async (tenantId, limit, afterId) => {
      const optimisations = await database.read('designs', ({ sql }) =>
        new OptimisationRepository(sql, tenantId).list(null, limit, afterId),
      );
      return optimisations.map(summaryOfOptimisation);
    },
  };
}

function summaryOfPreview({ id, run, state, createdAt, finishedAt }: Preview): ProcessSummary {
  return { id, state, workflowId: previewWorkflowId(id, run), createdAt, finishedAt };
}

function summaryOfOptimisation({ id, state, createdAt, finishedAt }: Optimisation): ProcessSummary {
  return { id, state, workflowId: optimisationWorkflowId(id), createdAt, finishedAt };
}
