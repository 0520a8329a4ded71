import { proxyActivities } from '@temporalio/workflow';
import type { PurgeBatchInput, SearchUpkeepActivities } from './messages.ts';
import { longStep } from './steps.ts';

const { purgeBatch: purge } = proxyActivities<SearchUpkeepActivities>({
  ...longStep,
  summary: 'Delete rows and files',
});

// What one night leaves is the next one's.
const { expireProcesses, sweepUploads } = proxyActivities<SearchUpkeepActivities>({
  ...longStep,
  retry: { ...longStep.retry, maximumAttempts: 20 },
});

/** Deletes the rows and files of a batch that its owner has deleted. */
export async function purgeBatch(input: PurgeBatchInput): Promise<void> {
  await purge(input);
}

/** The nightly end of files, rows and uploads whose time is over. */
export async function expireSearchFiles(): Promise<void> {
  await sweepUploads();
  let expired = 1;
  while (expired > 0) ({ expired } = await expireProcesses());
}
