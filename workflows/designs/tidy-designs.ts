import { proxyActivities } from '@temporalio/workflow';
import type { DesignUpkeepActivities } from './messages.ts';

// Deleting what is over is harmless to repeat, and what one night leaves is the next one's.
const { purgeDesigns, sweepPictures, sweepAssets } = proxyActivities<DesignUpkeepActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes', maximumAttempts: 20 },
});

/** The nightly end of designs, pictures and assets whose time is over. What is deleted first frees what comes after it. */
export async function tidyDesigns(): Promise<void> {
  await purgeDesigns();
  await sweepPictures();
  await sweepAssets();
}
