import { processStatusAttribute, tenantIdAttribute } from '../search-attributes.ts';
import type { StartingEvent, WorkflowStart, WorkflowStarts } from '../start.ts';
import {
  designsQueue,
  optimisationWorkflowId,
  previewWorkflowId,
  type OptimiseDesignInput,
  type RenderPreviewInput,
} from './messages.ts';

function startPreview({ tenantId, subject, data }: StartingEvent): WorkflowStart {
  const input: RenderPreviewInput = { previewId: subject.replace('preview:', ''), tenantId };
  return {
    workflowType: 'renderPreview',
    workflowId: previewWorkflowId(input.previewId, Number(data['run'])),
    taskQueue: designsQueue,
    args: [input],
    summary: 'Draw a design',
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'requested' },
    ],
    priority: { fairnessKey: tenantId },
  };
}

function startOptimisation({ tenantId, subject }: StartingEvent): WorkflowStart {
  const input: OptimiseDesignInput = { optimisationId: subject.replace('optimisation:', ''), tenantId };
  return {
    workflowType: 'optimiseDesign',
    workflowId: optimisationWorkflowId(input.optimisationId),
    taskQueue: designsQueue,
    args: [input],
    summary: 'Make a design smaller',
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'requested' },
    ],
    priority: { priorityKey: 4, fairnessKey: tenantId },
  };
}

/** Which events of this domain start which workflow. */
export const designStarts: WorkflowStarts = {
  'design.preview_requested': startPreview,
  'design.optimisation_requested': startOptimisation,
};
