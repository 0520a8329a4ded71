import { domainsOfPeople } from '../../domain/search/erasure.ts';
import { subjectId } from '../../domain/events/subject.ts';
import { searchAttributesOf, type StartingEvent, type WorkflowStart, type WorkflowStarts } from '../start.ts';
import {
  batchPurgeWorkflowId,
  batchWorkflowId,
  importWorkflowId,
  personErasureWorkflowId,
  recordSetDeletionWorkflowId,
  searchQueue,
  type DeleteRecordSetInput,
  type ErasePersonInput,
  type ImportRecordsInput,
  type PurgeBatchInput,
  type RunBatchInput,
} from './messages.ts';

function startBatch(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const run = Number(data['run'] ?? 0);
  const input: RunBatchInput = { batchId: subjectId(event.subject), tenantId, run };
  return {
    workflowType: 'runBatch',
    workflowId: batchWorkflowId(input.batchId, run),
    taskQueue: searchQueue,
    args: [input],
    summary: run === 0 ? 'Batch search' : `Batch search: failed rows again (${run})`,
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { priorityKey: Number(data['priority'] ?? 3), fairnessKey: tenantId },
    eager: true,
  };
}

function startBatchPurge(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const input: PurgeBatchInput = {
    batchId: subjectId(event.subject),
    tenantId,
    fileKey: String(data['file_key']),
  };
  return {
    workflowType: 'purgeBatch',
    workflowId: batchPurgeWorkflowId(input.batchId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Delete the rows and files of a batch',
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { priorityKey: 5, fairnessKey: tenantId },
  };
}

function startImport(event: StartingEvent): WorkflowStart {
  const input: ImportRecordsInput = { importId: subjectId(event.subject), tenantId: event.tenantId };
  return {
    workflowType: 'importRecords',
    workflowId: importWorkflowId(input.importId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Import people into a record set',
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { fairnessKey: event.tenantId },
  };
}

function startRecordSetDeletion(event: StartingEvent): WorkflowStart {
  const input: DeleteRecordSetInput = { recordSetId: subjectId(event.subject), tenantId: event.tenantId };
  return {
    workflowType: 'deleteRecordSet',
    workflowId: recordSetDeletionWorkflowId(input.recordSetId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Delete the people of a record set',
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { fairnessKey: event.tenantId },
  };
}

function startPersonErasure(event: StartingEvent): WorkflowStart {
  const input: ErasePersonInput = {
    erasureId: subjectId(event.subject),
    tenantId: event.tenantId,
    domains: domainsOfPeople,
  };
  return {
    workflowType: 'erasePerson',
    workflowId: personErasureWorkflowId(input.erasureId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Erase a person',
    searchAttributes: searchAttributesOf(event, 'submitted'),
    priority: { fairnessKey: event.tenantId },
  };
}

/** Which events of this domain start which workflow. */
export const searchStarts: WorkflowStarts = {
  'search.batch_submitted': startBatch,
  'search.batch_retry_started': startBatch,
  'search.batch_deleted': startBatchPurge,
  'search.import_submitted': startImport,
  'search.record_set_deletion_requested': startRecordSetDeletion,
  'search.erasure_requested': startPersonErasure,
};
