import { PassThrough } from 'node:stream';
import { databaseNow } from '../../db/now.ts';
import type { Batch, ResultFiles } from '../../db/search/batch.ts';
import { countsOf } from '../../db/search/batch.ts';
import { BatchRepository, changeBatch } from '../../db/search/batch.repository.ts';
import { putInlineFiles, type InlineFile } from '../../db/search/inline-files.ts';
import { readResults, type BatchRowResult } from '../../db/search/batch-results.ts';
import type { Joinable } from '../../db/together.ts';
import { inlineFolder, mostInlineBytes } from '../../domain/search/inline-file.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import { matchCells, resultHeader } from '../../domain/search/result-table.ts';
import { readBeginning } from '../../platform/storage/beginning.ts';
import type { ObjectStorage, PutOptions } from '../../platform/storage/object-storage.ts';
import { TableWriter, type CellValue } from '../../platform/tabular/write.ts';
import type { BatchActivities } from '../../workflows/search/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { WorkerServices } from '../services.ts';
import { viewOf } from './batch-view.ts';

const rowsAtOnce = 2_000;
const maxBytes = 16 * 1024 ** 3;

/** The end of a batch: result files in the storage, and the word that it is over. */
export function createBatchResultActivities({
  database,
  storage,
}: Pick<WorkerServices, 'storage'> & { database: Joinable }): Pick<BatchActivities, 'writeResults'> {
  return {
    async writeResults({ batchId, tenantId }) {
      return await withHeartbeat(async (signal) => {
        const batch = await database.read('search', ({ sql }) =>
          new BatchRepository(sql).get(tenantId, batchId),
        );
        if (batch.phase !== 'aggregating') return viewOf(batch);
        const { resultFiles, inline } = await writeResultFiles(database, storage, batch, signal);
        const view = await database.transaction('search', async (transaction) => {
          const now = await new BatchRepository(transaction.sql).lock(tenantId, batchId);
          if (now.phase !== 'aggregating') return viewOf(now);
          await putInlineFiles(transaction.sql, tenantId, inline);
          const phase = now.hold === 'cancel' ? 'cancelled' : 'completed';
          const ended = await changeBatch(
            transaction,
            now,
            { phase, hold: null, resultFiles, finishedAt: databaseNow },
            {
              type: `search.batch_${phase}`,
              data: { rows: countsOf(now), cost_micros: String(now.costMicros), name: now.name },
            },
          );
          return viewOf(ended);
        });
        for (const { key } of Object.values(batch.resultFiles ?? {})) await storage.delete(key);
        return view;
      });
    },
  };
}

/** The files of a batch, and those of them that are small: they are to be stored with the word of where they are. */
interface WrittenResults {
  resultFiles: ResultFiles;
  inline: InlineFile[];
}

/**
 * Writes the three files in one pass over the rows. Each appears whole when it is done: a broken-off attempt leaves
 * nothing that anybody could take for a result, and the next one starts again under the same names. Small ones are given
 * back: in the storage each would take several syncs of the disk, which everybody else would wait for.
 */
export async function writeResultFiles(
  database: Joinable,
  storage: ObjectStorage,
  batch: Batch,
  signal: AbortSignal,
): Promise<WrittenResults> {
  const columns = batch.columns ?? [];
  const folder = `${batch.tenantId}/${batch.id}/results-${batch.run}`;
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const open = (part: keyof ResultFiles, name: string, contentType: string) => {
    const out = new PassThrough();
    // Told by what is awaited; an event without a listener would end the process.
    out.on('error', () => undefined);
    const options = { contentType, maxBytes, signal: stop };
    const finished = takeFile(
      storage,
      out,
      { name: `${folder}/${name}`, before: batch.resultFiles?.[part] },
      options,
    );
    // A store that fails (a full disk) ends the others too, and is reported once.
    finished.catch((error: Error) => {
      out.destroy(error);
      failed.abort(error);
    });
    return { out, finished };
  };
  const csv = open('csv', 'results.csv', 'text/csv; charset=utf-8');
  const ndjson = open('ndjson', 'results.ndjson', 'application/x-ndjson');
  const errors = open('errors', 'errors.csv', 'text/csv; charset=utf-8');
  const csvTable = new TableWriter(csv.out, resultHeader(columns), { format: 'csv', byteOrderMark: true });
  const errorTable = new TableWriter(errors.out, errorHeader(columns), {
    format: 'csv',
    byteOrderMark: true,
  });
  const files = Promise.all([csv.finished, ndjson.finished, errors.finished]);
  const written = (async () => {
    const read = (afterRow: number): Promise<BatchRowResult[]> => {
      const reading = database.read('search', ({ sql }) => readResults(sql, batch.id, afterRow, rowsAtOnce));
      // Heard of where it is waited for; until then it must not count as unheard.
      reading.catch(() => undefined);
      return reading;
    };
    for (let next = read(0); ;) {
      stop.throwIfAborted();
      const rows = await next;
      const last = rows.at(-1);
      if (!last) break;
      // While these are written, PostgreSQL reads the next ones.
      next = read(last.rowNo);
      const unsearched = rows.filter(({ status }) => status === 'failed' || status === 'skipped');
      await Promise.all([
        csvTable.write(rows.map((row) => resultCells(row, columns.length))),
        writeLines(ndjson.out, rows, columns),
        errorTable.write(unsearched.map((row) => errorCells(row, columns.length))),
      ]);
    }
    await csvTable.finish();
    await errorTable.finish();
    for (const { out } of [csv, ndjson, errors]) out.end();
  })();
  try {
    // The first to fail says why; the other fails only because of it.
    const [taken] = await Promise.all([files, written]);
    const [csvFile, ndjsonFile, errorFile] = taken.map(({ key, bytes }) => ({ key, bytes }));
    if (!csvFile || !ndjsonFile || !errorFile) throw new TypeError('A result file is missing.');
    return {
      resultFiles: { csv: csvFile, ndjson: ndjsonFile, errors: errorFile },
      inline: taken.flatMap(({ inline }) => inline ?? []),
    };
  } catch (error) {
    failed.abort(error);
    for (const { out } of [csv, ndjson, errors]) out.destroy(error as Error);
    await Promise.allSettled([csv.finished, ndjson.finished, errors.finished, written]);
    throw error;
  }
}

/** A small file stays at hand; another goes to the storage, and so does one that replaces a file there. */
async function takeFile(
  storage: ObjectStorage,
  out: PassThrough,
  { name, before }: { name: string; before: { key: string } | undefined },
  options: PutOptions,
): Promise<{ key: string; bytes: number; inline: InlineFile | null }> {
  const key = `batches/${name}`;
  const beginning = await readBeginning(out, mostInlineBytes);
  if (beginning.whole && before?.key !== key) {
    const { content } = beginning;
    const inline = { key: `${inlineFolder}/${name}`, contentType: options.contentType, content };
    return { key: inline.key, bytes: content.length, inline };
  }
  const body = beginning.whole ? beginning.content : beginning.chunks;
  const { bytes } = await storage.put(key, body, options);
  return { key, bytes, inline: null };
}

function ownCells({ values }: BatchRowResult, width: number): string[] {
  return Array.from({ length: width }, (_, index) => values[index] ?? '');
}

function resultCells(row: BatchRowResult, width: number): CellValue[] {
  const { match } = row;
  return [
    ...ownCells(row, width),
    row.rowNo,
    row.status,
    row.score,
    formatDecimal(row.costMicros),
    row.searchId,
    row.code,
    row.message,
    row.cached,
    row.sameAsRow,
    match?.provider ?? null,
    match?.matchedOn.join('; ') ?? null,
    match?.recordSetId ?? null,
    match?.personId ?? null,
    ...matchCells(match?.fields ?? null),
    row.factsJson,
  ];
}

function errorHeader(columns: readonly string[]): string[] {
  const taken = new Set(columns);
  const ours = ['row', 'status', 'code', 'message'].map((name) => {
    let unique = `result_${name}`;
    while (taken.has(unique)) unique = `_${unique}`;
    return unique;
  });
  return [...ours, ...columns];
}

function errorCells(row: BatchRowResult, width: number): CellValue[] {
  return [row.rowNo, row.status, row.code, row.message, ...ownCells(row, width)];
}

async function writeLines(
  out: PassThrough,
  rows: readonly BatchRowResult[],
  columns: readonly string[],
): Promise<void> {
  let text = '';
  for (const row of rows) text += resultLine(row, columns);
  if (text !== '' && !out.write(text)) {
    await new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(out.errored ?? new Error('The output was closed.'));
      out.once('close', closed);
      out.once('drain', () => {
        out.off('close', closed);
        resolve();
      });
    });
  }
}

/** A row as a program reads it: nothing is altered, and what is nested stays so. Facts are put in as they are stored. */
function resultLine(row: BatchRowResult, columns: readonly string[]): string {
  const { match } = row;
  const line = JSON.stringify({
    row: row.rowNo,
    key: row.rowKey,
    input: Object.fromEntries(columns.map((name, index) => [name, row.values[index] ?? ''])),
    result: {
      status: row.status,
      score: row.score,
      cost: formatDecimal(row.costMicros),
      search_id: row.searchId,
      code: row.code,
      message: row.message,
      cached: row.cached,
      same_as_row: row.sameAsRow,
      match: match && {
        provider: match.provider,
        matched_on: match.matchedOn,
        record_set_id: match.recordSetId,
        person_id: match.personId,
        fields: match.fields,
      },
    },
  });
  return `${line.slice(0, -2)},"facts":${row.factsJson ?? 'null'}}}\n`;
}
