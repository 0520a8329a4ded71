import { processStatusAttribute, tenantIdAttribute } from '../search-attributes.ts';
import type { StartingEvent, WorkflowStart, WorkflowStarts } from '../start.ts';
import { inboundWorkflowId, webhooksQueue, type ProcessInboundInput } from './messages.ts';

function startInbound({ tenantId, subject, data }: StartingEvent): WorkflowStart {
  const inboundId = subject.slice(subject.indexOf(':') + 1);
  const run = Number(data['run'] ?? 0);
  const input: ProcessInboundInput = { inboundId, tenantId, attempt: Number(data['attempt'] ?? 1) };
  return {
    workflowType: 'processInbound',
    workflowId: inboundWorkflowId(inboundId, run),
    taskQueue: webhooksQueue,
    args: [input],
    summary: run === 0 ? 'Process a webhook' : `Process a webhook again (${run})`,
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'received' },
    ],
    priority: { fairnessKey: tenantId },
    eager: true,
  };
}

/** Which events start the processing of a webhook that came in. */
export const inboundStarts: WorkflowStarts = {
  'webhook.received': startInbound,
  'webhook.retry_due': startInbound,
};
