import { countsOf, secondsLeft, waitOf, type Batch } from '../../db/search/batch.ts';
import { batchState } from '../../domain/search/batch.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { BatchView } from '../../workflows/search/messages.ts';

/** What the workflow of a batch is told of it. */
export function viewOf(batch: Batch): BatchView {
  const { phase, hold, revision, priority, concurrency } = batch;
  return {
    phase,
    hold,
    revision,
    priority,
    concurrency,
    details: describe(batch),
    webhookDue: batch.webhook?.state === 'pending',
  };
}

/** A batch in a few lines of Markdown, for the Web UI. No personal data: histories keep it in the clear. */
function describe(batch: Batch): string {
  const counts = countsOf(batch);
  const total = batch.rowsTotal ?? 0;
  const done = batch.phase === 'ingesting' ? batch.rowsIngested : total - counts.pending;
  const eta = secondsLeft(batch);
  const wait = waitOf(batch);
  const budget = batch.budgetMicros === null ? '' : ` of ${formatDecimal(batch.budgetMicros)}`;
  return [
    `**${batchState(batch)}**${batch.phase === batchState(batch) ? '' : ` (${batch.phase})`}`,
    progressBar(done, total),
    `| found | not found | failed | skipped | pending |\n|--:|--:|--:|--:|--:|\n` +
      `| ${counts.found} | ${counts.not_found} | ${counts.failed} | ${counts.skipped} | ${counts.pending} |`,
    `${batch.rowsDuplicate} rows equal to earlier ones · cost ${formatDecimal(batch.costMicros)}${budget} ${batch.currency}` +
      (eta === null ? '' : ` · ${Math.round(batch.rate)} rows/s, about ${eta} s left`),
    ...(wait ? [`Rows wait for ${wait.reason}. Tried again at ${wait.until}.`] : []),
    ...(batch.problem ? [`Problem: \`${batch.problem.code}\``] : []),
  ].join('\n\n');
}

/** `▓▓▓▓▓▓░░░░ 61 % (6,100 of 10,000)`, in twenty steps. */
export function progressBar(done: number, total: number): string {
  if (total === 0) return 'The rows are not counted yet.';
  const filled = Math.floor((done / total) * 20);
  const bar = '▓'.repeat(filled) + '░'.repeat(20 - filled);
  return `${bar} ${Math.floor((done / total) * 100)} % (${done.toLocaleString('en')} of ${total.toLocaleString('en')})`;
}
