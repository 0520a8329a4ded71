import { PgBoss } from 'pg-boss';
import { Pool } from 'pg';
import { report, task, workOn } from './row-work.mjs';

/**
 * pg-boss: one job a row, its answer kept as the job's output. A hundred jobs are fetched and completed together, each with
 * an outcome of its own, by four workers; one at a time, its default, it does forty a second. Jobs are inserted a thousand
 * in one statement.
 */
const { url, phones } = task();
const boss = new PgBoss({ connectionString: url, max: 20, supervise: false, schedule: false });
boss.on('error', (error) => {
  throw error;
});
await boss.start();
await boss.createQueue('rows');
const pool = new Pool({ connectionString: url, max: 1 });
await boss.work(
  'rows',
  {
    batchSize: 100,
    localConcurrency: 4,
    pollingIntervalSeconds: 0.5,
    perJobResults: true,
    burstWhenBatchFull: true,
  },
  (jobs) =>
    Promise.all(
      jobs.map(async ({ id, data }) => ({ id, status: 'completed', output: await workOn(data.phone) })),
    ),
);

async function run(given) {
  for (let at = 0; at < given.length; at += 1_000) {
    await boss.insert(
      'rows',
      given.slice(at, at + 1_000).map((phone) => ({ data: { phone } })),
    );
  }
  for (;;) {
    const { rows } = await pool.query(
      `select count(*)::int as open from pgboss.job where name = 'rows' and state not in ('completed', 'failed')`,
    );
    if (rows[0].open === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await run(phones.slice(0, 200));
const started = performance.now();
await run(phones.slice(200));
const seconds = (performance.now() - started) / 1_000;
const { rows } = await pool.query(
  `select count(*)::int as done from pgboss.job where name = 'rows' and state = 'completed' and output is not null`,
);
if (rows[0].done !== phones.length) throw new Error(`${rows[0].done} of ${phones.length} rows completed`);
report({ rows: phones.length - 200, seconds });
