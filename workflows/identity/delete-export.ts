import { proxyActivities, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { ExportActivities, OfExport } from './messages.ts';

// All of it brings things to where they should be, so to repeat it is harmless.
const untilItWorks = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
} as const;
const {
  endExportWorkflow,
  deleteExportFiles,
  expireExports: expire,
} = proxyActivities<ExportActivities>(untilItWorks);

/** An activity of a workflow that was ended hears of it with its next heartbeat, some seconds later. */
const stragglers = '15 seconds';

/** Ends an export that its owner has deleted, and deletes its files: once more when what was under way has heard of it. */
export async function deleteExport(input: OfExport): Promise<void> {
  const { ended } = await endExportWorkflow(input);
  await deleteExportFiles(input);
  if (ended) {
    setCurrentDetails('Waits for what was under way.');
    await sleep(stragglers, { summary: 'Until activities have heard that they are over' });
    await deleteExportFiles(input);
  }
  upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
  setCurrentDetails('Done.');
}

/** Deletes the archives whose time is over. */
export async function expireExports(): Promise<void> {
  let expired = 1;
  while (expired > 0) ({ expired } = await expire());
}
