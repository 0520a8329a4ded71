import { BatchRepository } from '../../db/search/batch.repository.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import { createBatchFileActivities } from './batch-files.activities.ts';
import { createBatchResultActivities } from './batch-results.activities.ts';
import { createBatchSearchActivities } from './batch-search.activities.ts';
import type { WorkerServices } from '../services.ts';
import { viewOf } from './batch-view.ts';
import { createBatchWebhookActivities } from './batch-webhook.activities.ts';
import { TenantShares } from './tenant-shares.ts';

/** Every step of a batch. */
export function createBatchActivities(services: WorkerServices): BatchActivities {
  const { database } = services;
  const shares = new TenantShares();
  const files = createBatchFileActivities(services);
  const search = createBatchSearchActivities(services, shares);
  const results = createBatchResultActivities(services);
  return {
    readBatch: ({ batchId, tenantId }) =>
      database.read('search', async ({ sql }) =>
        viewOf(await new BatchRepository(sql).get(tenantId, batchId)),
      ),
    ...search,
    validateBatch: (input) => shares.during(input.tenantId, () => files.validateBatch(input)),
    ingestBatch: (input) => shares.during(input.tenantId, () => files.ingestBatch(input)),
    searchRange: (input) => shares.during(input.tenantId, () => search.searchRange(input)),
    writeResults: (input) => shares.during(input.tenantId, () => results.writeResults(input)),
    ...createBatchWebhookActivities(services),
  };
}
