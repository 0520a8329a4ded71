import { domains } from '../../domain/domains.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import type { StartingEvent, WorkflowStart, WorkflowStarts } from '../start.ts';
import {
  identityQueue,
  tenantErasureWorkflowId,
  userDeletionWorkflowId,
  type DeleteUserInput,
  type EraseTenantInput,
} from './messages.ts';

/** An account belongs to a person and to no tenant: its deletion goes on when a tenant is erased meanwhile. */
function startUserDeletion({ data }: StartingEvent): WorkflowStart {
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
    searchAttributes: [{ key: processStatusAttribute, value: 'waiting' }],
  };
}

/** Without `TenantId`: it ends what bears that, and its own history must outlive the tenant's key. */
function startTenantErasure({ tenantId }: StartingEvent): WorkflowStart {
  const input: EraseTenantInput = { tenantId, domains };
  return {
    workflowType: 'eraseTenant',
    workflowId: tenantErasureWorkflowId(tenantId),
    taskQueue: identityQueue,
    args: [input],
    summary: 'Erase an organisation that was deleted',
    searchAttributes: [{ key: processStatusAttribute, value: 'erasing' }],
  };
}

/** Which events of identity start which workflows. */
export const identityStarts: WorkflowStarts = {
  'identity.user_deletion_requested': startUserDeletion,
  'organisation.deleted': startTenantErasure,
};
