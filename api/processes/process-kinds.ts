import { optimisationProcesses, previewProcesses } from '../designs/design.process.ts';
import { exportProcesses } from '../identity/export.process.ts';
import { orderProcesses } from '../orders/order.process.ts';
import { batchProcesses } from '../search/batch.process.ts';
import { erasureProcesses } from '../search/erasure.process.ts';
import { importProcesses } from '../search/import.process.ts';
import { recoveryProcesses } from '../webhooks/recovery.process.ts';
import { replayProcesses } from '../webhooks/replay.process.ts';
import type { Services } from '../services.ts';
import type { ProcessKind } from './process-kind.ts';

/** Every kind of process there is. */
export function createProcessKinds(services: Services): ProcessKind[] {
  return [
    batchProcesses(services),
    importProcesses(services),
    orderProcesses(services),
    previewProcesses(services),
    optimisationProcesses(services),
    exportProcesses(services),
    erasureProcesses(services),
    recoveryProcesses(services),
    replayProcesses(services),
  ];
}
