import assert from 'node:assert/strict';
import { WorkflowNotFoundError } from '@temporalio/client';
import { until } from '../support/until.ts';
import { booksOf, type DomainBooks } from './books.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

const ended = ['completed', 'failed', 'cancelled'];

type Ending = Pick<ProcessUnderTest, 'hasEnded' | 'meanwhile'>;

/** Waits until a process has ended, and has others do meanwhile what they do for it. */
export async function untilEnded(
  stage: Stage,
  address: string,
  process: Ending = {},
  milliseconds = 180_000,
): Promise<void> {
  try {
    await until(() => hasEnded(stage, address, process), milliseconds);
  } catch (error) {
    const now = (await stage.caller.read(address)).body as unknown;
    throw new Error(`${address} does not end: ${JSON.stringify(now)}`, { cause: error });
  }
}

async function hasEnded(stage: Stage, address: string, process: Ending): Promise<boolean> {
  if (process.hasEnded ? await process.hasEnded(stage, address) : await isEnded(stage, address)) return true;
  await process.meanwhile?.(stage, address);
  return false;
}

async function isEnded({ caller }: Stage, address: string): Promise<boolean> {
  return ended.includes(((await caller.read(address)).body as { state: string }).state);
}

/** Whether nothing more will happen of a process: it has ended, everything is delivered, and no workflow is open. */
export async function isOver(stage: Stage, address: string, process: Ending): Promise<boolean> {
  if (!(await hasEnded(stage, address, process))) return false;
  return (await leftOf(stage)).length === 0;
}

/** Waits until nothing more will happen for a customer: everything is delivered, and no workflow is open. */
export async function untilQuiet(stage: Stage, milliseconds = 120_000): Promise<void> {
  let left: unknown[] = [];
  try {
    await until(async () => {
      left = await leftOf(stage);
      return left.length === 0;
    }, milliseconds);
  } catch (error) {
    throw new Error(`It does not become quiet; left are ${JSON.stringify(left)}`, { cause: error });
  }
}

/** What must hold of a customer's data when all is quiet, whatever has happened. */
export async function checkInvariants(stage: Stage): Promise<void> {
  await rowsAndWorkflowsAgree(stage);
  const { caller, database, tenantId } = stage;
  assert.deepEqual(caller.bareErrors, [], 'requests were answered by an error without a name');
  for (const { domain, nothing } of servedBooks(stage)) {
    const events = await database.read(domain, ({ sql }) =>
      sql<{ id: string }>(`select id from ${domain}.outbox where tenant_id = $1 order by id`, [tenantId]),
    );
    const audited = await database.read('audit', ({ sql }) =>
      sql<{ id: string }>(
        `select event_id as id from audit.audit_log where tenant_id = $1 and domain = $2 order by event_id`,
        [tenantId, domain],
      ),
    );
    assert.deepEqual(audited, events, `the audit log has not every event of ${domain} once`);
    if (nothing === undefined) continue;
    const [figures] = await database.read(domain, ({ sql }) =>
      sql<Record<string, number>>(nothing, [tenantId]),
    );
    for (const [what, many] of Object.entries(figures ?? {})) assert.equal(many, 0, what);
  }
}

/** No running row without its workflow, and no open workflow without its row; waits for the outbox between the two. */
export async function rowsAndWorkflowsAgree(stage: Stage): Promise<void> {
  for (const books of servedBooks(stage)) {
    for (const id of await idsOf(stage, books, 'running')) {
      const runsOrEnds = async (): Promise<boolean> =>
        (await statusOf(stage, id)) === 'RUNNING' || !(await idsOf(stage, books, 'running')).includes(id);
      await until(runsOrEnds, 60_000).catch(async (error: unknown) => {
        const status = await statusOf(stage, id);
        throw new Error(`${id} is running, and its workflow is not, but ${status}`, { cause: error });
      });
    }
  }
  const open = await openWorkflows(stage);
  const known = await Promise.all(booksOf.map((books) => idsOf(stage, books, 'known')));
  const orphans = open.filter((id) => !known.flat().includes(id.split(':')[1] ?? ''));
  assert.deepEqual(orphans, [], 'workflows are open for which there is no row');
}

/** The books of the domains that have workers: what others tell of is heard by nobody. */
function servedBooks({ domains }: Stage): DomainBooks[] {
  return booksOf.filter(({ domain }) => domains.includes(domain));
}

async function idsOf(
  { database, tenantId }: Stage,
  { domain, ...books }: DomainBooks,
  of: 'running' | 'known',
): Promise<string[]> {
  const query = books[of];
  if (query === undefined) return [];
  const rows = await database.read(domain, ({ sql }) => sql<{ id: string }>(query, [tenantId]));
  return rows.map(({ id }) => id);
}

async function statusOf({ temporal }: Stage, workflowId: string): Promise<string> {
  try {
    return (await temporal.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none';
    throw error;
  }
}

/** What is not delivered, not done, or still running for a customer. */
async function leftOf(stage: Stage): Promise<unknown[]> {
  const { database, tenantId } = stage;
  const left: unknown[] = await openWorkflows(stage);
  for (const { domain, pending } of servedBooks(stage)) {
    left.push(
      ...(await database.read(domain, ({ sql }) =>
        sql(
          `select d.consumer, o.type, d.attempts, d.parked_at is not null as parked, d.last_error
           from ${domain}.outbox_deliveries d join ${domain}.outbox o using (position) where o.tenant_id = $1`,
          [tenantId],
        ),
      )),
      ...(pending ? await database.read(domain, ({ sql }) => sql(pending, [tenantId])) : []),
    );
  }
  return left;
}

export async function openWorkflows({ temporal, tenantId }: Stage): Promise<string[]> {
  const query = `TenantId = '${tenantId}' and ExecutionStatus = 'Running'`;
  return (await Array.fromAsync(temporal.workflow.list({ query }))).map(({ workflowId }) => workflowId);
}
