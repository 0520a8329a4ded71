import { batchProcess, budgetedBatch, pausedBatch } from './batch-process.ts';
import { optimisationProcess, previewProcess } from './design-processes.ts';
import { exportProcess } from './export-process.ts';
import { importProcess } from './import-process.ts';
import { orderProcess } from './order-process.ts';
import { outboundProcess } from './outbound-process.ts';
import { personErasureProcess } from './person-erasure-process.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import { shopOrderProcess } from './shop-order-process.ts';
import { tenantErasureProcess } from './tenant-erasure-process.ts';

/** The business processes that every crash point is tried on. A new one joins here, by the name that it has. */
export const processesUnderTest: readonly ProcessUnderTest[] = [
  batchProcess,
  budgetedBatch,
  pausedBatch,
  importProcess('append', 1_000),
  // More than what is stored in the database with the import itself.
  importProcess('replace', 2_500),
  orderProcess('order', { city: 'Berlin', capture: 'on_shipment', ends: 'completed' }),
  // The carrier's simulator sells no label to that city, after the money was taken.
  orderProcess('order that is paid and that no carrier takes', {
    city: 'No Label City',
    capture: 'immediately',
    ends: 'failed',
    // The money has gone back, and nobody has heard of that.
    surelyAt: 'refundOverpaid after 1',
  }),
  shopOrderProcess,
  outboundProcess,
  previewProcess,
  optimisationProcess,
  exportProcess,
  personErasureProcess,
  tenantErasureProcess,
];

/** Those that run beside each other while every other fault is tried. */
export const processesUnderFaults = processesUnderTest.filter(({ underFaults }) => underFaults);
