import {
  countsOf,
  secondsLeft,
  waitOf,
  type Batch,
  type StoredFile,
  type TableFormat,
} from '../../db/search/batch.ts';
import type { BatchRowResult } from '../../db/search/batch-results.ts';
import { batchState } from '../../domain/search/batch.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { Preview } from '../../domain/search/preview.ts';
import { processRetentionDays } from '../../domain/search/retention.ts';

/** A batch as callers see it. */
export function presentBatch(batch: Batch, webhookSecret?: string): object {
  const address = `/v1/batches/${batch.id}`;
  return {
    id: batch.id,
    name: batch.name,
    kind: batch.kind,
    state: batchState(batch),
    phase: batch.phase,
    file: presentFile(batch.file, batch.format, batch.columns),
    mapping: batch.mapping,
    options: {
      min_score: batch.options.minScore,
      required_fields: batch.options.requiredFields,
      record_set_ids: batch.options.recordSetIds,
      use_cache: batch.options.useCache,
      row_budget: decimalOrNull(batch.options.rowBudget),
    },
    priority: batch.priority,
    concurrency: batch.concurrency,
    budget: batch.budgetMicros === null ? null : formatDecimal(batch.budgetMicros),
    cost: { amount: formatDecimal(batch.costMicros), currency: batch.currency },
    progress: presentProgress(batch),
    problem: batch.problem,
    webhook: batch.webhook && {
      url: batch.webhook.url,
      state: batch.webhook.state,
      attempts: batch.webhook.attempts,
      last_error: batch.webhook.lastError,
      delivered_at: batch.webhook.deliveredAt,
      ...(webhookSecret === undefined ? {} : { secret: webhookSecret }),
    },
    results: batch.resultFiles && {
      csv: `${address}/results.csv`,
      ndjson: `${address}/results.ndjson`,
      errors: `${address}/errors.csv`,
    },
    runs: batch.run,
    created_by: batch.createdBy,
    created_at: batch.createdAt.toISOString(),
    started_at: batch.startedAt?.toISOString() ?? null,
    finished_at: batch.finishedAt?.toISOString() ?? null,
    expires_at: batch.finishedAt && expiryOf(batch.finishedAt).toISOString(),
    updated_at: batch.updatedAt.toISOString(),
  };
}

function expiryOf(finishedAt: Date): Date {
  return new Date(finishedAt.getTime() + processRetentionDays * 86_400_000);
}

function decimalOrNull(micros: string | null): string | null {
  return micros === null ? null : formatDecimal(BigInt(micros));
}

function presentProgress(batch: Batch): object {
  const counts = countsOf(batch);
  const total = batch.rowsTotal;
  return {
    rows: total,
    ingested: batch.rowsIngested,
    ...counts,
    duplicates: batch.rowsDuplicate,
    percent: total ? Math.floor(((total - counts.pending) / total) * 1_000) / 10 : 0,
    rows_per_second: batchState(batch) === 'searching' ? Math.round(batch.rate * 10) / 10 : 0,
    eta_seconds: secondsLeft(batch),
    waiting: waitOf(batch),
  };
}

export function presentFile(
  file: StoredFile,
  format: TableFormat | null,
  columns: readonly string[] | null,
): object {
  return {
    name: file.name,
    bytes: file.bytes,
    sha256: file.sha256,
    format: format?.format ?? null,
    compression: format?.compression ?? null,
    encoding: format?.encoding ?? null,
    delimiter: format?.delimiter ?? null,
    columns,
  };
}

/** A row of a batch as callers see it. @param columns the file's own */
export function presentRow(row: BatchRowResult, columns: readonly string[]): object {
  const { match } = row;
  return {
    row: row.rowNo,
    key: row.rowKey,
    input: byColumn(columns, row.values),
    status: row.status,
    score: row.score,
    cost: formatDecimal(row.costMicros),
    search_id: row.searchId,
    code: row.code,
    message: row.message,
    cached: row.cached,
    same_as_row: row.sameAsRow,
    match: match && {
      person_id: match.personId,
      record_set_id: match.recordSetId,
      provider: match.provider,
      matched_on: match.matchedOn,
      fields: match.fields,
    },
    facts: row.factsJson === null ? null : (JSON.parse(row.factsJson) as unknown),
  };
}

/** What a preview tells of a table. */
export function presentPreview(preview: Preview, columns: readonly string[]): object {
  const { rows, valid, duplicates, duplicate_keys, unmapped_columns } = preview;
  return {
    mapping: preview.mapping,
    guess:
      preview.guess?.columns.map(({ column, target, confidence }) => ({ column, target, confidence })) ??
      null,
    rows,
    valid,
    duplicates,
    duplicate_keys,
    unmapped_columns,
    problems: preview.problems.map(({ code, count, examples }) => ({
      code,
      count,
      examples: examples.map(({ row_no, line, message }) => ({ row: row_no, line, message })),
    })),
    sample: preview.sample.map(({ row_no, values, mapped }) => ({
      row: row_no,
      input: byColumn(columns, values),
      fields: mapped?.fields ?? null,
      key: mapped?.key ?? null,
      problem: mapped?.error ?? null,
    })),
  };
}

function byColumn(columns: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((name, index) => [name, values[index] ?? '']));
}
