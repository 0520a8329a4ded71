import type { SearchEngine } from '../../services/search/contract.ts';
import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createBatchCommandRoutes } from './batch-commands.routes.ts';
import { createBatchIntakeRoutes } from './batch-intake.routes.ts';
import { createBatchReadRoutes } from './batch-read.routes.ts';
import { BatchProgress } from './batch-progress.ts';
import { createBatchResultRoutes } from './batch-results.routes.ts';

/** Batch search: from the upload to the download. */
export function createBatchRoutes(services: Services, engine: SearchEngine): Route[] {
  const progress = new BatchProgress(services);
  return [
    ...createBatchIntakeRoutes(services, engine, progress),
    ...createBatchReadRoutes(services, progress),
    ...createBatchCommandRoutes(services),
    ...createBatchResultRoutes(services),
  ];
}
