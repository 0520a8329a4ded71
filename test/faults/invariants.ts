import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { until } from '../support/until.ts';
import type { Stage } from './stage.ts';

const ended = ['completed', 'failed', 'cancelled'];

/** Waits until a process has ended. */
export async function untilEnded({ caller }: Stage, address: string, milliseconds = 180_000): Promise<void> {
  let now: unknown;
  try {
    await until(async () => {
      now = (await caller.read(address)).body;
      return ended.includes((now as { state: string }).state);
    }, milliseconds);
  } catch (error) {
    throw new Error(`${address} does not end: ${JSON.stringify(now)}`, { cause: error });
  }
}

/** Whether nothing more will happen of a process: it has ended, everything is delivered, and no workflow is open. */
export async function isOver(stage: Stage, client: Client, address: string): Promise<boolean> {
  const { state } = (await stage.caller.read(address)).body as { state: string };
  if (!ended.includes(state)) return false;
  const left = [await undelivered(stage), await openWorkflows(client, stage.tenantId)] as unknown[][];
  return left.every((list) => list.length === 0);
}

/** Waits until nothing more will happen for a customer: everything is delivered, and no workflow is open. */
export async function untilQuiet(stage: Stage, client: Client, milliseconds = 120_000): Promise<void> {
  let left: unknown;
  try {
    await until(async () => {
      left = [await undelivered(stage), await openWorkflows(client, stage.tenantId)];
      return (left as unknown[][]).every((list) => list.length === 0);
    }, milliseconds);
  } catch (error) {
    throw new Error(`It does not become quiet; left are ${JSON.stringify(left)}`, { cause: error });
  }
}

/** What must hold of a customer's data when all is quiet, whatever has happened. */
export async function checkInvariants(stage: Stage, client: Client): Promise<void> {
  await rowsAndWorkflowsAgree(stage, client);
  const { caller, database, tenantId } = stage;
  assert.deepEqual(caller.bareErrors, [], 'requests were answered by an error without a name');
  const events = await database.read('search', ({ sql }) =>
    sql<{ id: string }>('select id from search.outbox where tenant_id = $1 order by id', [tenantId]),
  );
  const audited = await database.read('audit', ({ sql }) =>
    sql<{ id: string }>(
      `select event_id as id from audit.audit_log where tenant_id = $1 and domain = 'search' order by event_id`,
      [tenantId],
    ),
  );
  assert.deepEqual(audited, events, 'the audit log has not every event once');
  const [books] = await database.read('search', ({ sql }) =>
    sql(
      `select
         (select count(*)::int from search.charges where tenant_id = $1 and state = 'reserved') as "open charges",
         (select count(*)::int from search.batch_chunks c join search.batches b on b.id = c.batch_id
          where b.tenant_id = $1) as "ranges in hand",
         (select count(*)::int from (
            select b.id from search.batches b left join search.batch_results r on r.batch_id = b.id
            where b.tenant_id = $1 group by b.id
            having count(*) filter (where r.status = 'found') <> b.rows_found
              or count(*) filter (where r.status = 'not_found') <> b.rows_not_found
              or count(*) filter (where r.status = 'failed') <> b.rows_failed
              or count(*) filter (where r.status = 'skipped') <> b.rows_skipped
              or coalesce(sum(r.cost_micros), 0) <> b.cost_micros
          ) as off) as "batches whose counts are not those of their rows"`,
      [tenantId],
    ),
  );
  assert.deepEqual(books, {
    'open charges': 0,
    'ranges in hand': 0,
    'batches whose counts are not those of their rows': 0,
  });
}

/** No running row without its workflow, and no open workflow without its row; waits for the outbox between the two. */
export async function rowsAndWorkflowsAgree(stage: Stage, client: Client): Promise<void> {
  const { database, tenantId } = stage;
  const running = await database.read('search', ({ sql }) =>
    sql<{ id: string }>(
      `select 'batch:' || id || case when run > 0 then ':retry:' || run else '' end as id from search.batches
       where tenant_id = $1 and finished_at is null
       union all select 'import:' || id from search.imports where tenant_id = $1 and finished_at is null`,
      [tenantId],
    ),
  );
  for (const { id } of running) {
    await until(async () => (await statusOf(client, id)) === 'RUNNING', 60_000).catch((error: unknown) => {
      throw new Error(`${id} is running, and its workflow is not`, { cause: error });
    });
  }
  const known = await database.read('search', ({ sql }) =>
    sql<{ id: string }>(
      `select id::text from search.batches where tenant_id = $1 union all
       select id::text from search.imports where tenant_id = $1`,
      [tenantId],
    ),
  );
  const ids = new Set(known.map(({ id }) => id));
  const orphans = (await openWorkflows(client, tenantId)).filter((id) => !ids.has(id.split(':')[1] ?? ''));
  assert.deepEqual(orphans, [], 'workflows are open for which there is no row');
}

async function statusOf(client: Client, workflowId: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none';
    throw error;
  }
}

async function openWorkflows(client: Client, tenantId: string): Promise<string[]> {
  const query = `TenantId = '${tenantId}' and ExecutionStatus = 'Running'`;
  return (await Array.fromAsync(client.workflow.list({ query }))).map(({ workflowId }) => workflowId);
}

async function undelivered({ database, tenantId }: Stage): Promise<object[]> {
  return await database.read('search', ({ sql }) =>
    sql(
      `select d.consumer, o.type, d.attempts, d.parked_at is not null as parked, d.last_error
       from search.outbox_deliveries d join search.outbox o using (position) where o.tenant_id = $1`,
      [tenantId],
    ),
  );
}
