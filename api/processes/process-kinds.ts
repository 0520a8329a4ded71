import { exportProcesses } from '../identity/export.process.ts';
import { orderProcesses } from '../orders/order.process.ts';
import { batchProcesses } from '../search/batch.process.ts';
import { importProcesses } from '../search/import.process.ts';
import type { Services } from '../services.ts';
import type { ProcessKind } from './process-kind.ts';

/** Every kind of process there is. */
export function createProcessKinds(services: Services): ProcessKind[] {
  return [
    batchProcesses(services),
    importProcesses(services),
    orderProcesses(services),
    exportProcesses(services),
  ];
}
