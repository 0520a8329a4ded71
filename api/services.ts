import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { Config } from '../platform/config.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Redis } from '../platform/redis/redis.ts';
import type { ObjectStorage } from '../platform/storage/object-storage.ts';

/** What the routes of every domain are built with. */
export interface Services {
  config: Config;
  database: Database;
  /** For caches and limits, where there is one. */
  redis: Redis | null;
  storage: ObjectStorage;
  /** Connects at the first use: a command is accepted while Temporal is down. */
  temporal: () => Promise<Client>;
  /** Where the namespace is found in the Temporal Web UI; null where no UI is configured. */
  webUi: string | null;
  log: Logger;
  metrics: Metrics;
  /** Registers what ends with the process, after the last request and before the databases close. */
  onStop: (end: () => Promise<void>) => void;
}
