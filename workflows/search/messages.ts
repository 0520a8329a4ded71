import type { Domain } from '../../domain/domains.ts';
import type { BatchStanding } from '../../domain/search/batch.ts';
import type { ImportPhase } from '../../domain/search/import.ts';
import type { PersonErasurePart } from '../tenants/messages.ts';

/** The queue of the domain's workflows and activities. */
export const searchQueue = 'search';

/** A batch's first run; trying its failed rows again after its end is a run of its own. */
export function batchWorkflowId(batchId: string, run: number): string {
  return run === 0 ? `batch:${batchId}` : `batch:${batchId}:retry:${run}`;
}

export function batchPurgeWorkflowId(batchId: string): string {
  return `batch-purge:${batchId}`;
}

export function importWorkflowId(importId: string): string {
  return `import:${importId}`;
}

export function recordSetDeletionWorkflowId(recordSetId: string): string {
  return `record-set-deletion:${recordSetId}`;
}

/**
 * Sent when a batch's owner has paused, resumed, cancelled or changed it. It carries nothing: the database is the record,
 * and the workflow reads there what has come of it.
 */
export const batchChangedSignal = 'batchChanged';

/** What a batch's workflow runs with. Everything that can change is read from the database. */
export interface RunBatchInput {
  batchId: string;
  tenantId: string;
  run: number;
}

/** Where a batch stands, and what its workflow needs to know for its next step. */
export interface BatchView extends BatchStanding {
  /** Counts every change of the batch: of two views, the one with the higher number is newer. */
  revision: number;
  /** 1 (first) to 5. */
  priority: number;
  /** Chunks at work at once. */
  concurrency: number;
  /** One paragraph of Markdown for the Web UI: progress, rows by status, cost. */
  details: string;
  /** There is a webhook, and it has not been told of the present end. */
  webhookDue: boolean;
}

/** Rows `from` to `to`, both included. */
export interface RowRange {
  from: number;
  to: number;
}

export interface RangeOutcome {
  view: BatchView;
  /** What of the range is left: its time was up, or the batch is held. Null when all its rows have a result. */
  left: RowRange | null;
  /** Rows of the range passed in this time, to size the next one by. */
  rows: number;
  seconds: number;
  /** The budget's rest is reserved by other chunks: try again when one of them has ended. */
  waitsForBudget: boolean;
  /** Rows, first to last, that wait for a provider; between them are some with results. Null when none waits. */
  waiting: RowRange | null;
  /** After so long they can be tried again. */
  waitSeconds: number;
}

/** Which batch an activity is about. */
export interface OfBatch {
  batchId: string;
  tenantId: string;
}

/** The steps of a batch. Each moves it on in the database and gives where it then stands. */
export interface BatchActivities {
  readBatch(input: OfBatch): Promise<BatchView>;
  /** The same, as the first step of all. A small batch that asks nobody outside is through when this ends, or as far as it goes. */
  beginBatch(input: OfBatch): Promise<BatchView>;
  /**
   * Reads the whole file: is it a table, is it whole, has it the columns of the mapping, how many rows are there? A small batch
   * goes on from there by itself, as far as it goes at once.
   */
  validateBatch(input: OfBatch): Promise<BatchView>;
  /** Stores rows for some seconds, from where the last call stopped. Call it until the phase is another. */
  ingestBatch(input: OfBatch): Promise<BatchView>;
  /** The ranges that hold rows without a result. */
  planSearch(input: OfBatch): Promise<RowRange[]>;
  searchRange(input: OfBatch & RowRange): Promise<RangeOutcome>;
  /** Goes on to the results if every row has one. */
  finishSearch(input: OfBatch): Promise<BatchView>;
  /** After a cancellation: marks what was not searched as skipped, and goes on to the results. */
  skipRest(input: OfBatch): Promise<BatchView>;
  /** Writes the result files and ends the batch. */
  writeResults(input: OfBatch): Promise<BatchView>;
  /** Tells the batch's webhook that it has ended. Fails while the receiver does not accept it. */
  deliverBatchWebhook(input: OfBatch): Promise<void>;
  /** Records that the webhook was given up. */
  abandonBatchWebhook(input: OfBatch): Promise<void>;
}

export interface ImportRecordsInput {
  importId: string;
  tenantId: string;
}

export interface ImportView {
  phase: ImportPhase;
  recordSetId: string;
  /** One paragraph of Markdown for the Web UI. */
  details: string;
}

/** The steps of an import into a record set. */
export interface ImportActivities {
  readImport(input: ImportRecordsInput): Promise<ImportView>;
  validateImport(input: ImportRecordsInput): Promise<ImportView>;
  /** Stores people for some seconds, from where the last call stopped. Call it until the phase is another. */
  importRows(input: ImportRecordsInput): Promise<ImportView>;
  /** Writes the report of rejected rows and makes a replacement visible at once. */
  publishImport(input: ImportRecordsInput): Promise<ImportView>;
}

export interface DeleteRecordSetInput {
  recordSetId: string;
  tenantId: string;
}

export interface RecordSetActivities {
  /** Deletes people of a record set, or of a part that was replaced, for some seconds. Gives whether any are left. */
  deletePeople(input: { tenantId: string; contentId: string }): Promise<{ left: boolean }>;
  /** The parts of a record set that no reader sees any more and that still hold people. */
  listRetiredContents(input: DeleteRecordSetInput): Promise<string[]>;
}

export function personErasureWorkflowId(erasureId: string): string {
  return `erasure:${erasureId}`;
}

/** Who it is stands sealed in the database, never here. */
export interface OfErasure {
  erasureId: string;
  tenantId: string;
}

export interface ErasePersonInput extends OfErasure {
  /** Others that keep something of people. Erasures that were started before others were asked name none. */
  domains?: readonly Domain[];
}

export interface ErasureProcesses {
  /** Ended, with rows and files to look through. */
  batches: string[];
  imports: string[];
  /** Still under way, as their files are being read, or too many for one list. */
  unfinished: number;
}

/** The steps of forgetting a person. Each finds nothing when it is repeated. */
export interface ErasureActivities {
  erasePeople(input: OfErasure): Promise<void>;
  /** The batches and imports from before the erasure was asked for that were not looked through. */
  listErasureProcesses(input: OfErasure): Promise<ErasureProcesses>;
  /** Empties rows, deletes files that were sent, and writes result files anew. */
  eraseFromProcesses(input: OfErasure & { batches: string[]; imports: string[] }): Promise<void>;
  eraseFromUploads(input: OfErasure): Promise<void>;
  /** Cached answers, those kept with charges, and who was found in the search log. */
  eraseAnswers(input: OfErasure): Promise<void>;
  /** Tells the other domains, sealed, who is meant. Gives when the erasure was asked for, ISO 8601. */
  shareErasureSubject(input: OfErasure): Promise<{ before: string }>;
  /** Notes what other domains have erased, each count in all, and what they wait for. */
  noteErasedElsewhere(input: OfErasure & PersonErasurePart): Promise<void>;
  /** Forgets who it was, and tells the counts. */
  completeErasure(input: OfErasure): Promise<void>;
}

export interface PurgeBatchInput {
  batchId: string;
  tenantId: string;
  fileKey: string;
}

export interface SearchUpkeepActivities {
  /** Deletes the rows and files of a batch. */
  purgeBatch(input: PurgeBatchInput): Promise<void>;
  /** Deletes files and rows of some batches and imports whose retention is over. Gives how many: call it until that is 0. */
  expireProcesses(): Promise<{ expired: number }>;
  /** Deletes uploads that nothing came to use. */
  sweepUploads(): Promise<{ removed: number }>;
}

/** What keeps searches in order: counting them, and forgetting what they no longer need. */
export interface SearchCareActivities {
  /** Counts the days again whose searches have changed. Gives how many. */
  aggregateSearchStatistics(): Promise<{ days: number }>;
  /** Forgets searches older than the retention of the log. */
  pruneSearchLog(): Promise<{ searches: number }>;
  /** Forgets stale answers and health samples, and closes the books on calls that nobody will settle. */
  pruneSearchCache(): Promise<{
    answers: number;
    samples: number;
    abandonedCharges: number;
    chargeAnswers: number;
  }>;
}
