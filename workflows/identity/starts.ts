import { domains } from '../../domain/domains.ts';
import type { ExportKind } from '../../domain/identity/export.ts';
import { subjectId } from '../../domain/events/subject.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import { searchAttributesOf, type StartingEvent, type WorkflowStart, type WorkflowStarts } from '../start.ts';
import {
  exportDeletionWorkflowId,
  exportWorkflowId,
  identityQueue,
  tenantErasureWorkflowId,
  userDeletionWorkflowId,
  type DeleteUserInput,
  type EraseTenantInput,
  type ExportDataInput,
  type OfExport,
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

/** With `TenantId`, also of an account: an export ends with the organisation that it was asked for in. */
function startExport(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const input: ExportDataInput = {
    ...exportOf(event),
    kind: data['kind'] as ExportKind,
    userId: String(data['user_id']),
    domains,
  };
  return {
    workflowType: 'exportData',
    workflowId: exportWorkflowId(input.exportId),
    taskQueue: identityQueue,
    args: [input],
    summary: `Export of data: ${input.kind}`,
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { priorityKey: 4, fairnessKey: tenantId },
  };
}

function startExportDeletion(event: StartingEvent): WorkflowStart {
  const input = exportOf(event);
  return {
    workflowType: 'deleteExport',
    workflowId: exportDeletionWorkflowId(input.exportId),
    taskQueue: identityQueue,
    args: [input],
    summary: 'Delete the files of an export',
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { fairnessKey: event.tenantId },
  };
}

function exportOf(event: StartingEvent): OfExport {
  return { exportId: subjectId(event.subject), tenantId: event.tenantId };
}

/** Which events of identity start which workflows. */
export const identityStarts: WorkflowStarts = {
  'identity.user_deletion_requested': startUserDeletion,
  'organisation.deleted': startTenantErasure,
  'identity.export_requested': startExport,
  'identity.export_deleted': startExportDeletion,
};
