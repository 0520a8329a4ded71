import { z } from 'zod';
import { firstVersion, type PublicEvent } from '../events/public-event.ts';

const id = z.string();
const someId = '01989b2e-0000-7000-8000-000000000001';
const rows = z.object({
  found: z.int(),
  not_found: z.int(),
  failed: z.int(),
  skipped: z.int(),
});
const ended = z.object({ id, run: z.int(), name: z.string().optional(), rows, cost_micros: z.string() });
const endedExample = {
  id: someId,
  run: 1,
  name: 'customers.csv',
  rows: { found: 940, not_found: 55, failed: 5, skipped: 0 },
  cost_micros: '9400000',
};
const step = z.object({ id, run: z.int() });
const stepExample = { id: someId, run: 1 };
const imported = z.object({
  id,
  record_set_id: z.string(),
  mode: z.string(),
  imported: z.int(),
  rejected: z.int().optional(),
});
const importExample = { id: someId, record_set_id: someId, mode: 'append', imported: 5_000, rejected: 2 };
const recordSet = z.object({ id });

/** What search lets an organisation's own systems hear. */
export const searchPublicEvents: readonly PublicEvent[] = [
  firstVersion('batch.submitted', 'search.batch_submitted', 'A batch was accepted.', step, stepExample),
  firstVersion(
    'batch.completed',
    'search.batch_completed',
    'Every row of a batch has its result.',
    ended,
    endedExample,
  ),
  firstVersion(
    'batch.cancelled',
    'search.batch_cancelled',
    'A batch was cancelled; what was found until then is kept.',
    ended,
    endedExample,
  ),
  firstVersion(
    'batch.failed',
    'search.batch_failed',
    'A batch could not be searched.',
    z.object({ id, run: z.int(), code: z.string() }),
    { id: someId, run: 1, code: 'search.file_header' },
  ),
  firstVersion('batch.paused', 'search.batch_paused', 'A batch was paused.', step, stepExample),
  firstVersion('batch.resumed', 'search.batch_resumed', 'A paused batch goes on.', step, stepExample),
  firstVersion(
    'batch.expired',
    'search.batch_expired',
    'The rows and files of a batch were deleted by age.',
    step,
    stepExample,
  ),
  firstVersion(
    'import.completed',
    'search.import_completed',
    'The people of a file are in their record set.',
    imported,
    importExample,
  ),
  firstVersion(
    'import.cancelled',
    'search.import_cancelled',
    'An import was cancelled.',
    imported,
    importExample,
  ),
  firstVersion(
    'import.failed',
    'search.import_failed',
    'A file could not be imported.',
    z.object({ id, record_set_id: z.string(), code: z.string() }),
    { id: someId, record_set_id: someId, code: 'search.file_header' },
  ),
  firstVersion('record_set.created', 'search.record_set_created', 'A record set was made.', recordSet, {
    id: someId,
  }),
  firstVersion(
    'record_set.renamed',
    'search.record_set_renamed',
    'A record set has another name.',
    recordSet,
    { id: someId },
  ),
  firstVersion(
    'record_set.deleted',
    'search.record_set_deletion_requested',
    'A record set was deleted.',
    recordSet,
    { id: someId },
  ),
  firstVersion(
    'erasure.completed',
    'search.erasure_completed',
    'A person was erased from everything that search keeps.',
    recordSet,
    { id: someId },
  ),
];
