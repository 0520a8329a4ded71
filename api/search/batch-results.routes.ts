import { z } from 'zod';
import type { Batch, ResultFiles } from '../../db/search/batch.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { batchState } from '../../domain/search/batch.ts';
import { Failure } from '../../domain/failure.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { downloadReply } from './download.ts';

interface ResultFile {
  part: keyof ResultFiles;
  file: 'results.csv' | 'results.ndjson' | 'errors.csv';
  mediaType: string;
  summary: string;
  description: string;
}

const resultFiles: readonly ResultFile[] = [
  {
    part: 'csv',
    file: 'results.csv',
    mediaType: 'text/csv',
    summary: 'The results as CSV',
    description:
      'Every row in the order of the file, with all of its own columns, then the result’s. A value that a spreadsheet would ' +
      'run as a formula has an apostrophe in front.',
  },
  {
    part: 'ndjson',
    file: 'results.ndjson',
    mediaType: 'application/x-ndjson',
    summary: 'The results as NDJSON',
    description: 'One object a row, in the order of the file; no value is altered.',
  },
  {
    part: 'errors',
    file: 'errors.csv',
    mediaType: 'text/csv',
    summary: 'The rows that failed or were skipped, as CSV',
    description: 'With the reason in front of each row’s own columns, ready to be corrected and sent again.',
  },
];

/** The result files of a batch. */
export function createBatchResultRoutes({ database, storage }: Services): Route[] {
  return resultFiles.map(({ part, file, mediaType, summary, description }) =>
    route({
      method: 'get',
      path: `/v1/batches/:id/${file}`,
      summary,
      description,
      tag: 'Batches',
      access: 'batches:read',
      rate: 'read',
      params: z.object({ id: z.uuid() }),
      headers: { Range: 'One range of bytes: a broken download can go on.' },
      responses: {
        200: { description: 'The file.', mediaType },
        206: { description: 'A part of the file.', mediaType },
        416: { description: 'The range lies outside of the file.' },
      },
      failures: ['search.batch_not_found', 'search.batch_not_ready', 'search.batch_expired'],
      handler: async ({ params: { id }, principal, ctx, signal }) => {
        const batch = await database.read('search', ({ sql }) =>
          new BatchRepository(sql).get(principal.tenantId, id),
        );
        const stored = filesOf(batch)[part];
        const fileName = `${batch.name.replace(/\.(csv|tsv|txt|ndjson|jsonl|gz)$/i, '')} ${file}`;
        return await downloadReply(ctx, storage, { ...stored, fileName, mediaType }, signal);
      },
    }),
  );
}

function filesOf(batch: Batch): ResultFiles {
  const state = batchState(batch);
  if (state === 'expired')
    throw new Failure('search.batch_expired', 'The files of this batch have been deleted.');
  if (!batch.resultFiles)
    throw new Failure('search.batch_not_ready', `The batch is ${state}; there are no results yet.`, {
      state,
    });
  return batch.resultFiles;
}
