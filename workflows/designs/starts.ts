import { subjectId } from '../../domain/events/subject.ts';
import { searchAttributesOf, type StartingEvent, type WorkflowStart, type WorkflowStarts } from '../start.ts';
import {
  designsQueue,
  optimisationWorkflowId,
  previewWorkflowId,
  type OptimiseDesignInput,
  type RenderPreviewInput,
} from './messages.ts';

function startPreview(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const run = Number(data['run']);
  const input: RenderPreviewInput = { previewId: subjectId(event.subject), tenantId, run };
  return {
    workflowType: 'renderPreview',
    workflowId: previewWorkflowId(input.previewId, run),
    taskQueue: designsQueue,
    args: [input],
    summary: 'Draw a design',
    searchAttributes: searchAttributesOf(event, 'requested'),
    priority: { fairnessKey: tenantId },
  };
}

function startOptimisation(event: StartingEvent): WorkflowStart {
  const { tenantId } = event;
  const input: OptimiseDesignInput = { optimisationId: subjectId(event.subject), tenantId };
  return {
    workflowType: 'optimiseDesign',
    workflowId: optimisationWorkflowId(input.optimisationId),
    taskQueue: designsQueue,
    args: [input],
    summary: 'Make a design smaller',
    searchAttributes: searchAttributesOf(event, 'requested'),
    priority: { priorityKey: 4, fairnessKey: tenantId },
  };
}

/** Which events of this domain start which workflow. */
export const designStarts: WorkflowStarts = {
  'design.preview_requested': startPreview,
  'design.optimisation_requested': startOptimisation,
};
