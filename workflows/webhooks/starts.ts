import { searchAttributesOf, type WorkflowStarts } from '../start.ts';
import { inboundStarts } from './inbound-starts.ts';
import { recoveryWorkflowId, webhooksQueue, type RecoverMessagesInput } from './messages.ts';

/** Which events of this domain start which workflow. */
export const webhookStarts: WorkflowStarts = {
  ...inboundStarts,
  'endpoint.recovery_requested': (event) => {
    const { tenantId, data } = event;
    const recoveryId = String(data['recovery_id']);
    const input: RecoverMessagesInput = { recoveryId, tenantId };
    return {
      workflowType: 'recoverMessages',
      workflowId: recoveryWorkflowId(recoveryId),
      taskQueue: webhooksQueue,
      args: [input],
      summary: `Messages to a webhook endpoint are sent again (${String(data['kind'])})`,
      searchAttributes: searchAttributesOf(event, 'running'),
      priority: { fairnessKey: tenantId },
    };
  },
};
