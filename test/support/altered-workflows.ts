import { proxyActivities } from '@temporalio/workflow';
import type { BatchActivities, RunBatchInput } from '../../workflows/search/messages.ts';

const { writeResults } = proxyActivities<BatchActivities>({ startToCloseTimeout: '1 minute' });

/** A workflow by the name of a released one, which begins with another step: what the replay of histories must refuse. */
export async function runBatch(input: RunBatchInput): Promise<void> {
  await writeResults(input);
}
