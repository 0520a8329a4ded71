import { subjectId } from '../../domain/events/subject.ts';
import { searchAttributesOf, type StartingEvent, type WorkflowStart, type WorkflowStarts } from '../start.ts';
import {
  inboundWorkflowId,
  replayWorkflowId,
  webhooksQueue,
  type ProcessInboundInput,
  type ReplayWebhooksInput,
} from './messages.ts';

function startInbound(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const inboundId = subjectId(event.subject);
  const run = Number(data['run'] ?? 0);
  const input: ProcessInboundInput = { inboundId, tenantId, attempt: Number(data['attempt'] ?? 1) };
  return {
    workflowType: 'processInbound',
    workflowId: inboundWorkflowId(inboundId, run),
    taskQueue: webhooksQueue,
    args: [input],
    summary: run === 0 ? 'Process a webhook' : `Process a webhook again (${run})`,
    searchAttributes: searchAttributesOf(event, 'received'),
    priority: { fairnessKey: tenantId },
    eager: true,
  };
}

function startReplay(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const input: ReplayWebhooksInput = { replayId: String(data['replay_id']), tenantId };
  return {
    workflowType: 'replayWebhooks',
    workflowId: replayWorkflowId(input.replayId),
    taskQueue: webhooksQueue,
    args: [input],
    summary: 'Webhooks that came in are tried again',
    searchAttributes: searchAttributesOf(event, 'running'),
    priority: { fairnessKey: tenantId },
  };
}

/** Which events start the processing of a webhook that came in, or of many again. */
export const inboundStarts: WorkflowStarts = {
  'webhook.received': startInbound,
  'webhook.retry_due': startInbound,
  'webhooks.replay_requested': startReplay,
};
