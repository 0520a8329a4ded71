import type { Database } from '../db/database.ts';
import type { Config } from '../platform/config.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { ObjectStorage } from '../platform/storage/object-storage.ts';
import type { CarrierCalls, PaymentCalls } from '../services/orders/outside.ts';
import type { SearchEngine } from '../services/search/contract.ts';

/** What the activities and the outbox consumers of every domain are built with. */
export interface WorkerServices {
  config: Config;
  database: Database;
  storage: ObjectStorage;
  log: Logger;
  metrics: Metrics;
  engine: SearchEngine;
  payments: PaymentCalls;
  /** Null: packages leave without a label. */
  carrier: CarrierCalls | null;
}
