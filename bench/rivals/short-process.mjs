import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Pool } from 'pg';
import { report, task } from './row-work.mjs';

/** The same three steps, each one INSERT, as local activities behind an eager start and as remote activities, in turns. */
const { url, phones } = task();
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const pool = new Pool({ connectionString: url, max: 10 });
await pool.query(
  'create table steps (process text not null, step integer not null, primary key (process, step))',
);
const step = (number) => async (id) => {
  await pool.query('insert into steps values ($1, $2) on conflict do nothing', [id, number]);
  return number;
};
const worker = await Worker.create({
  connection,
  taskQueue: 'short',
  workflowsPath: fileURLToPath(new URL('./workflows.mjs', import.meta.url)),
  activities: { stepOne: step(1), stepTwo: step(2), stepThree: step(3) },
  maxCachedWorkflows: 100,
});
const running = worker.run();
const client = new Client({ connection });

async function time(workflow, id, requestEagerStart) {
  const started = performance.now();
  await client.workflow.execute(workflow, {
    taskQueue: 'short',
    workflowId: id,
    args: [id],
    requestEagerStart,
  });
  return performance.now() - started;
}

const times = { local: [], remote: [] };
for (let place = 0; place < phones.length + 5; place += 1) {
  const local = await time('threeLocalActivities', `local-${place}`, true);
  const remote = await time('threeActivities', `remote-${place}`, false);
  if (place < 5) continue;
  times.local.push(local);
  times.remote.push(remote);
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
worker.shutdown();
await Promise.race([running, pause(5_000)]);
report({ rows: phones.length, localP50: median(times.local), remoteP50: median(times.remote) });
