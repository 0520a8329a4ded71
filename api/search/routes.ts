import type { SearchEngine } from '../../services/search/contract.ts';
import { openSearchEngine } from '../../services/search/open.ts';
import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createBatchRoutes } from './batch.routes.ts';
import { createErasureRoutes } from './erasure.routes.ts';
import { createProviderRoutes } from './provider.routes.ts';
import { createRecordSetRoutes } from './record-set.routes.ts';
import { createQuestionRoutes } from './search.routes.ts';
import { createSearchSettingsRoutes } from './settings.routes.ts';
import { createSearchStatisticsRoutes } from './statistics.routes.ts';
import { createUploadRoutes } from './upload.routes.ts';

/** Searches with their log and statistics, providers, record sets, and batches. */
export function createSearchRoutes(services: Services, engine: SearchEngine = engineOf(services)): Route[] {
  return [
    ...createQuestionRoutes(services, engine),
    ...createProviderRoutes(services, engine),
    ...createSearchSettingsRoutes(services),
    ...createSearchStatisticsRoutes(services),
    ...createRecordSetRoutes(services),
    ...createBatchRoutes(services, engine),
    ...createUploadRoutes(services),
    ...createErasureRoutes(services),
  ];
}

/** The engine of this process, which ends with it. */
function engineOf(services: Services): SearchEngine {
  const engine = openSearchEngine(services);
  services.onStop(() => engine.close());
  return engine;
}
