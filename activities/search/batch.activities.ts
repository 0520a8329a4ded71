import { bulkhead } from 'cockatiel';
import type { Batch } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { together, type Joinable } from '../../db/together.ts';
import { isInline, mostInlineBytes } from '../../domain/search/inline-file.ts';
import type { BatchActivities, OfBatch } from '../../workflows/search/messages.ts';
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
export function createBatchActivities(
  services: Pick<WorkerServices, 'config' | 'database' | 'storage' | 'engine' | 'log'>,
): BatchActivities {
  const { database, config } = services;
  const shares = new TenantShares();
  const read = (on: Joinable, { tenantId, batchId }: OfBatch): Promise<Batch> =>
    on.read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, batchId));
  const stepsOn = (on: Joinable) => ({
    ...createBatchFileActivities({ ...services, database: on }, on === database),
    ...createBatchSearchActivities({ ...services, database: on }, shares),
    ...createBatchResultActivities({ ...services, database: on }),
  });
  const validateOn = (on: Joinable, steps = stepsOn(on)): BatchActivities['validateBatch'] => {
    return (input) =>
      shares.during(input.tenantId, async () => {
        const view = await steps.validateBatch(input);
        if (view.phase !== 'ingesting') return view;
        const { rowsTotal } = await read(on, input);
        const isSmall = rowsTotal !== null && rowsTotal <= fewRows;
        return isSmall ? await goOn(steps, input, view) : view;
      });
  };
  const steps = stepsOn(database);
  const validateBatch = validateOn(database, steps);
  const searcher = new RowSearcher(services);
  // Half of the connections for them, and half for what they ask meanwhile.
  const inTurn = bulkhead(Math.floor(config.DATABASE_POOL_SIZE / 2), Number.POSITIVE_INFINITY);
  return {
    beginBatch: async (input) => {
      const batch = await read(database, input);
      const isFresh = batch.phase === 'submitted' && batch.hold === null;
      if (!isFresh || batch.file.bytes > mostInlineBytes) return viewOf(batch);
      const [mayWait, price] = await Promise.all([searcher.mayWait(batch), searcher.highestPrice(batch)]);
      if (mayWait) return viewOf(batch);
      // Money is reserved over other connections, which would wait for what a step before has settled; and a store outside may
      // take its time, in which whoever wants to pause the batch would wait.
      if (price > 0n || !isInline(batch.file.key)) return await validateBatch(input);
      const view = await inTurn.execute(() =>
        together(database, 'search', (joined) => validateOn(joined)(input)),
      );
      // A small file can hold a million rows. Whoever wants to pause the batch does not wait until they are read.
      return view.phase === 'validating' ? await validateBatch(input) : view;
    },
    readBatch: async (input) => viewOf(await read(database, input)),
    ...steps,
    validateBatch,
    ingestBatch: (input) => shares.during(input.tenantId, () => steps.ingestBatch(input)),
    searchRange: (input) => shares.during(input.tenantId, () => steps.searchRange(input)),
    writeResults: (input) => shares.during(input.tenantId, () => steps.writeResults(input)),
    ...createBatchWebhookActivities(services),
  };
}
