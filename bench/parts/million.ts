import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { watchMemory } from '../stage/memory.ts';
import { figure, type Part } from './part.ts';
import { phoneTable, runPhoneBatch } from './phone-batches.ts';

/** Whether a large batch costs the same a row as a small one: time, events of its workflow, memory of the worker. */
export const million: Part = {
  name: 'million',
  about: 'a batch of 1,000,000 rows (200,000 in the short form) against one of 10,000',
  async run(stage, { full, log }) {
    const rows = full ? 1_000_000 : 200_000;
    const tenant = await stage.tenant();
    await runPhoneBatch(tenant, phoneTable(10_000), 10_000);
    const small = await runPhoneBatch(tenant, phoneTable(10_000, 100_000), 10_000);
    log(`10,000 rows: ${figure((small.seconds / small.rows) * 1e6)} µs a row`);
    const {
      result: large,
      first,
      most,
      last,
      samples,
    } = await watchMemory(stage.workers, () => runPhoneBatch(tenant, phoneTable(rows, 1_000_000), rows));
    log(`${figure(rows)} rows: ${figure((large.seconds / rows) * 1e6)} µs a row`);
    const events = await stage.withTemporalClient((client) => historyLength(client, `batch:${large.id}`));
    const ratio = large.seconds / large.rows / (small.seconds / small.rows);
    // Flat: the last quarter of the time is no larger than the second one.
    const quarter = (from: number): number => {
      const part = samples.slice(samples.length * from, samples.length * (from + 0.25));
      return part.reduce((sum, one) => sum + one, 0) / Math.max(1, part.length);
    };
    const growth = quarter(0.75) / quarter(0.25);
    const what = `a batch of ${figure(rows)} rows`;
    return [
      {
        what: `${what}: events a row`,
        against: '–',
        target: '≤ 0.01',
        measured: (events / rows).toFixed(5),
        met: events / rows <= 0.01,
        figures: { events, rows },
      },
      {
        what: `${what}: time a row`,
        against: '10,000 rows',
        target: '≤ 1.3 ×',
        measured: `${figure(ratio)} ×`,
        met: ratio <= 1.3,
        figures: {
          'rows/s': large.rows / large.seconds,
          'rows/s of 10,000': small.rows / small.seconds,
          ...Object.fromEntries(
            Object.entries(large.phases).map(([state, seconds]) => [`${state} s`, seconds]),
          ),
        },
      },
      {
        what: `${what}: memory of the worker`,
        against: 'last quarter of the time against the second',
        target: 'flat (≤ 1.1 ×)',
        measured: `${figure(growth)} ×`,
        met: growth <= 1.1,
        figures: { 'MB before': first, 'MB at most': most, 'MB after': last },
      },
    ];
  },
};

/** Events of a workflow over all its runs, once all of them are listed as ended: the list follows a moment later. */
async function historyLength(client: Client, workflowId: string): Promise<number> {
  for (;;) {
    const runs = await Array.fromAsync(client.workflow.list({ query: `WorkflowId = "${workflowId}"` }));
    const ended = runs.length > 0 && runs.every(({ status }) => status.name !== 'RUNNING');
    if (ended) return runs.reduce((sum, run) => sum + (run.historyLength ?? 0), 0);
    await pause(200);
  }
}
