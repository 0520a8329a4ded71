import { batchProcess, budgetedBatch, pausedBatch } from './batch-process.ts';
import { importProcess } from './import-process.ts';
import type { ProcessUnderTest } from './process-under-test.ts';

/** The business processes that every fault and every crash point is tried on. A new one joins here. */
export const processesUnderTest: readonly ProcessUnderTest[] = [
  batchProcess,
  budgetedBatch,
  pausedBatch,
  importProcess('append', 1_000),
  // More than what is stored in the database with the import itself.
  importProcess('replace', 2_500),
];
