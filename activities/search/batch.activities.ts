import type { Batch } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { mostInlineBytes } from '../../domain/search/inline-file.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import { createBatchFileActivities } from './batch-files.activities.ts';
import { createBatchResultActivities } from './batch-results.activities.ts';
import { RowSearcher } from './batch-row-searcher.ts';
import { createBatchSearchActivities } from './batch-search.activities.ts';
import type { WorkerServices } from '../services.ts';
import { viewOf } from './batch-view.ts';
import { createBatchWebhookActivities } from './batch-webhook.activities.ts';
import { fewRows, goOn } from './small-batch.ts';
import { TenantShares } from './tenant-shares.ts';

/** Every step of a batch. */
export function createBatchActivities(services: WorkerServices): BatchActivities {
  const { database } = services;
  const shares = new TenantShares();
  const files = createBatchFileActivities(services);
  const search = createBatchSearchActivities(services, shares);
  const results = createBatchResultActivities(services);
  const read = (tenantId: string, batchId: string): Promise<Batch> =>
    database.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, batchId));
  const searcher = new RowSearcher(services);
  const validateBatch: BatchActivities['validateBatch'] = (input) =>
    shares.during(input.tenantId, async () => {
      const view = await files.validateBatch(input);
      if (view.phase !== 'ingesting') return view;
      const { rowsTotal } = await read(input.tenantId, input.batchId);
      const isSmall = rowsTotal !== null && rowsTotal <= fewRows;
      return isSmall ? await goOn({ ...files, ...search, ...results }, input, view) : view;
    });
  return {
    beginBatch: async (input) => {
      const batch = await read(input.tenantId, input.batchId);
      const isFresh = batch.phase === 'submitted' && batch.hold === null;
      const isShort = isFresh && batch.file.bytes <= mostInlineBytes && !(await searcher.mayWait(batch));
      return isShort ? await validateBatch(input) : viewOf(batch);
    },
    readBatch: async ({ batchId, tenantId }) => viewOf(await read(tenantId, batchId)),
    ...search,
    validateBatch,
    ingestBatch: (input) => shares.during(input.tenantId, () => files.ingestBatch(input)),
    searchRange: (input) => shares.during(input.tenantId, () => search.searchRange(input)),
    writeResults: (input) => shares.during(input.tenantId, () => results.writeResults(input)),
    ...createBatchWebhookActivities(services),
  };
}
