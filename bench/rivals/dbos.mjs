import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk';
import { Pool } from 'pg';
import { report, task, workOn } from './row-work.mjs';

/**
 * DBOS: one queued workflow a row, its answer kept as the workflow's output. The queue is polled ten times as often as by
 * default, and works on fifty rows at once; rows are enqueued a thousand in one transaction.
 */
const { url, phones } = task();
DBOS.registerWorkflow((phone) => workOn(phone), { name: 'row' });
DBOS.setConfig({ name: 'rival', systemDatabaseUrl: url, systemDatabasePoolSize: 20, logLevel: 'error' });
await DBOS.launch();
await DBOS.registerQueue('rows', { workerConcurrency: 50, minPollingIntervalMs: 100 });
const client = await DBOSClient.create({ systemDatabaseUrl: url });
const pool = new Pool({ connectionString: url, max: 2 });

async function run(given) {
  const connection = await pool.connect();
  for (let at = 0; at < given.length; at += 1_000) {
    await connection.query('begin');
    for (const phone of given.slice(at, at + 1_000)) {
      await client.enqueueInTransaction(connection, { workflowName: 'row', queueName: 'rows' }, phone);
    }
    await connection.query('commit');
  }
  connection.release();
  for (;;) {
    const { rows } = await pool.query(
      `select count(*)::int as open from dbos.workflow_status where status not in ('SUCCESS', 'ERROR')`,
    );
    if (rows[0].open === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await run(phones.slice(0, 200));
const started = performance.now();
await run(phones.slice(200));
const seconds = (performance.now() - started) / 1_000;
const { rows } = await pool.query(
  `select count(*)::int as done from dbos.workflow_status where status = 'SUCCESS'`,
);
if (rows[0].done !== phones.length) throw new Error(`${rows[0].done} of ${phones.length} rows succeeded`);
report({ rows: phones.length - 200, seconds });
