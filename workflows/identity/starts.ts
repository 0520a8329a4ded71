import { processStatusAttribute, tenantIdAttribute } from '../search-attributes.ts';
import type { StartingEvent, WorkflowStart, WorkflowStarts } from '../start.ts';
import { identityQueue, userDeletionWorkflowId, type DeleteUserInput } from './messages.ts';

function startUserDeletion({ tenantId, data }: StartingEvent): WorkflowStart {
  const input: DeleteUserInput = {
    userId: String(data['user_id']),
    deletionId: String(data['deletion_id']),
    dueAt: String(data['due_at']),
  };
  return {
    workflowType: 'deleteUser',
    workflowId: userDeletionWorkflowId(input.deletionId),
    taskQueue: identityQueue,
    args: [input],
    summary: 'Delete an account after its grace',
    searchAttributes: [
      { key: tenantIdAttribute, value: tenantId },
      { key: processStatusAttribute, value: 'waiting' },
    ],
  };
}

/** Which events of identity start which workflows. */
export const identityStarts: WorkflowStarts = {
  'identity.user_deletion_requested': startUserDeletion,
};
