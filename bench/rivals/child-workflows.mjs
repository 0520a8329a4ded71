import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Pool } from 'pg';
import { report, task, workOn } from './row-work.mjs';

/**
 * Temporal as its samples have it for large batches: a child workflow a row, a hundred at once in a window that slides.
 * Each child has its row worked on by an activity, which inserts the result.
 */
const { url, phones } = task();
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const pool = new Pool({ connectionString: url, max: 10 });
await pool.query('create table if not exists child_results (phone text primary key, facts json not null)');
const worker = await Worker.create({
  connection,
  taskQueue: 'rivals',
  workflowsPath: fileURLToPath(new URL('./workflows.mjs', import.meta.url)),
  activities: {
    searchRow: async (phone) => {
      const facts = await workOn(phone);
      await pool.query('insert into child_results values ($1, $2) on conflict do nothing', [
        phone,
        JSON.stringify(facts),
      ]);
    },
  },
  maxConcurrentActivityTaskExecutions: 100,
  maxConcurrentWorkflowTaskExecutions: 100,
  maxCachedWorkflows: 1_000,
});
const running = worker.run();
const client = new Client({ connection });
const run = (given) =>
  client.workflow.execute('slideOverRows', {
    taskQueue: 'rivals',
    workflowId: `window-${given[0]}`,
    args: [given, 100],
  });

await run(phones.slice(0, 20));
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1_000;
let done = 20;
// As many windows as there is time for: what counts is the rate.
while (elapsed() < 20 && done < phones.length) {
  await run(phones.slice(done, done + 200));
  done = Math.min(phones.length, done + 200);
}
const seconds = elapsed();
const { rows } = await pool.query('select count(*)::int as found from child_results');
if (rows[0].found !== done) throw new Error(`${rows[0].found} of ${done} rows are done`);
worker.shutdown();
await Promise.race([running, pause(5_000)]);
report({ rows: done - 20, seconds });
