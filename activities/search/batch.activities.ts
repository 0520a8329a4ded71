import { BatchRepository } from '../../db/search/batch.repository.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import { createBatchFileActivities } from './batch-files.activities.ts';
import { createBatchResultActivities } from './batch-results.activities.ts';
import { createBatchSearchActivities } from './batch-search.activities.ts';
import type { WorkerServices } from '../services.ts';
import { viewOf } from './batch-view.ts';
import { createBatchWebhookActivities } from './batch-webhook.activities.ts';

/** Every step of a batch. */
export function createBatchActivities(services: WorkerServices): BatchActivities {
  const { database } = services;
  return {
    readBatch: ({ batchId, tenantId }) =>
      database.read('search', async ({ sql }) =>
        viewOf(await new BatchRepository(sql).get(tenantId, batchId)),
      ),
    ...createBatchFileActivities(services),
    ...createBatchSearchActivities(services),
    ...createBatchResultActivities(services),
    ...createBatchWebhookActivities(services),
  };
}
