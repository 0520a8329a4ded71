import type { SearchAttributePair } from '@temporalio/common';
import { domainsOfPeople } from '../../domain/search/erasure.ts';
import { processStatusAttribute, tenantIdAttribute } from '../search-attributes.ts';
import type { StartingEvent, WorkflowStart, WorkflowStarts } from '../start.ts';
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

/** `batch:<uuid>` → `<uuid>`. */
function idOf({ subject }: StartingEvent): string {
  return subject.slice(subject.indexOf(':') + 1);
}

function attributes({ tenantId }: StartingEvent): SearchAttributePair[] {
  return [
    { key: tenantIdAttribute, value: tenantId },
    { key: processStatusAttribute, value: 'submitted' },
  ];
}

function startBatch(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const run = Number(data['run'] ?? 0);
  const input: RunBatchInput = { batchId: idOf(event), tenantId, run };
  return {
    workflowType: 'runBatch',
    workflowId: batchWorkflowId(input.batchId, run),
    taskQueue: searchQueue,
    args: [input],
    summary: run === 0 ? 'Batch search' : `Batch search: failed rows again (${run})`,
    searchAttributes: attributes(event),
    priority: { priorityKey: Number(data['priority'] ?? 3), fairnessKey: tenantId },
  };
}

function startBatchPurge(event: StartingEvent): WorkflowStart {
  const { tenantId, data } = event;
  const input: PurgeBatchInput = { batchId: idOf(event), tenantId, fileKey: String(data['file_key']) };
  return {
    workflowType: 'purgeBatch',
    workflowId: batchPurgeWorkflowId(input.batchId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Delete the rows and files of a batch',
    searchAttributes: attributes(event),
    priority: { priorityKey: 5, fairnessKey: tenantId },
  };
}

function startImport(event: StartingEvent): WorkflowStart {
  const input: ImportRecordsInput = { importId: idOf(event), tenantId: event.tenantId };
  return {
    workflowType: 'importRecords',
    workflowId: importWorkflowId(input.importId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Import people into a record set',
    searchAttributes: attributes(event),
    priority: { fairnessKey: event.tenantId },
  };
}

function startRecordSetDeletion(event: StartingEvent): WorkflowStart {
  const input: DeleteRecordSetInput = { recordSetId: idOf(event), tenantId: event.tenantId };
  return {
    workflowType: 'deleteRecordSet',
    workflowId: recordSetDeletionWorkflowId(input.recordSetId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Delete the people of a record set',
    searchAttributes: attributes(event),
    priority: { fairnessKey: event.tenantId },
  };
}

function startPersonErasure(event: StartingEvent): WorkflowStart {
  const input: ErasePersonInput = {
    erasureId: idOf(event),
    tenantId: event.tenantId,
    domains: domainsOfPeople,
  };
  return {
    workflowType: 'erasePerson',
    workflowId: personErasureWorkflowId(input.erasureId),
    taskQueue: searchQueue,
    args: [input],
    summary: 'Erase a person',
    searchAttributes: attributes(event),
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
