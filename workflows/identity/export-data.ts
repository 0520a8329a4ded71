import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { Domain } from '../../domain/domains.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import type { DataExportActivities, ExportPart, ExportPlace } from '../tenants/messages.ts';
import type { ExportActivities, ExportDataInput } from './messages.ts';

// Each part and each archive is written whole or not at all, and counts only once its activity has told of it.
const untilItWorks = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
} as const;
const { beginExport, failExport } = proxyActivities<ExportActivities>(untilItWorks);
const { exportPart } = proxyActivities<DataExportActivities>(untilItWorks);
// All parts once more, from the beginning when it is repeated: as long as that takes.
const { archiveExport } = proxyActivities<ExportActivities>({
  ...untilItWorks,
  startToCloseTimeout: '24 hours',
});

/** Collects what every domain keeps, each on its own queue, and makes one archive of it. */
export async function exportData(input: ExportDataInput): Promise<void> {
  const { tenantId, exportId } = input;
  try {
    const { wanted } = await beginExport({ tenantId, exportId });
    if (!wanted) return;
    upsertSearchAttributes([{ key: processStatusAttribute, value: 'running' }]);
    const parts: ExportPart[] = [];
    for (const domain of input.domains) {
      setCurrentDetails(`Collects what ${domain} keeps. ${rowsOf(parts)} rows are there.`);
      parts.push(...(await partsOf(domain, input)));
    }
    setCurrentDetails(`Makes an archive of ${rowsOf(parts)} rows.`);
    await archiveExport({ tenantId, exportId, parts });
  } catch (error) {
    if (!(error instanceof ActivityFailure && error.cause instanceof ApplicationFailure)) throw error;
    await failExport({ tenantId, exportId, code: error.cause.type ?? 'internal' });
    upsertSearchAttributes([{ key: processStatusAttribute, value: 'failed' }]);
    setCurrentDetails(`Failed: ${error.cause.type}.`);
    return;
  }
  upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
  setCurrentDetails('Done.');
}

async function partsOf(
  domain: Domain,
  { domains: _domains, ...input }: ExportDataInput,
): Promise<ExportPart[]> {
  const parts: ExportPart[] = [];
  let from: ExportPlace | null = null;
  do {
    const options = { ...untilItWorks, taskQueue: domain, summary: `The part of ${domain}` };
    const slice = await exportPart.executeWithOptions(options, [{ ...input, from }]);
    parts.push(...slice.parts);
    from = slice.next;
  } while (from !== null);
  return parts;
}

function rowsOf(parts: readonly ExportPart[]): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}
