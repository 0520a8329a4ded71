import { retryableRowCodes } from '../../domain/search/batch.ts';
import { formOf } from '../support/search-system.ts';
import type { Answer } from './caller.ts';
import { accepted, eventsOf, withoutIds } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

/** Numbers of its own for each batch: an answer that two batches share would be paid by one of them. */
function phones(rows: number, from: number): string[] {
  return Array.from({ length: rows }, (_, index) => `+1415${5_550_000 + from + index}`);
}

function csvOf(numbers: readonly string[]): string {
  return `id,phone\n${numbers.map((number, index) => `r${index + 1},${number}`).join('\n')}\n`;
}

const mapping = '{"phones":["phone"],"key":"id"}';

async function send(
  stage: Stage,
  csv: string,
  fields: Record<string, string>,
  options: { key?: string } = {},
): Promise<Answer> {
  const body = () => formOf(csv, 'people.csv', { kind: 'phone', mapping, ...fields });
  return await stage.caller.command('/v1/batches', body, options);
}

async function retryFailed({ caller, database }: Stage, address: string): Promise<boolean> {
  const [row] = await database.read('search', ({ sql }) =>
    sql<{ some: boolean }>(
      `select exists (select 1 from search.batch_results
                      where batch_id = $1 and status = 'failed' and code = any($2)) as some`,
      [address.split('/').at(-1), retryableRowCodes],
    ),
  );
  if (row?.some) await caller.command(`${address}/retry-failed`, () => ({}));
  return row?.some ?? false;
}

interface Bill {
  charges: number;
  amount: string;
  open: number;
  logged: number;
}

/** What the ledger says of a batch. */
async function billOf({ database, tenantId }: Stage, id: string): Promise<Bill> {
  const [bill] = await database.read('search', ({ sql }) =>
    sql<Bill>(
      `select count(*)::int as charges, coalesce(sum(amount_micros), 0)::text as amount,
         count(*) filter (where state = 'reserved')::int as open,
         (select count(*)::int from search.batch_results r join search.searches s on s.id = r.search_id
          where r.batch_id = $2::uuid) as logged
       from search.charges where tenant_id = $1 and effect_key like 'batch:' || $2 || ':%'`,
      [tenantId, id],
    ),
  );
  if (!bill) throw new Error('A count gave no row.');
  return bill;
}

/** Calls of the webhook, as many as have an id of their own. */
function webhooksOf({ webhooks }: Stage, id: string): string[] {
  const ids = webhooks.received
    .map(({ headers }) => headers['webhook-id'] ?? '')
    .filter((one) => one.startsWith(`batch_${id}_`));
  return [...new Set(ids)].map((one) => one.replace(id, ''));
}

async function outcome(stage: Stage, address: string) {
  const { caller } = stage;
  const { body: batch } = await caller.read(address);
  const { rows_per_second: _rate, ...progress } = batch.progress;
  const { charges, ...bill } = await billOf(stage, batch.id);
  const files = batch.results
    ? await Promise.all(
        Object.values<string>(batch.results).map(async (file) => (await caller.read(file)).body),
      )
    : [];
  return {
    batch,
    result: {
      state: batch.state,
      problem: batch.problem,
      progress,
      cost: batch.cost,
      bill,
      files: files.map(withoutIds),
    },
    told: {
      charges,
      events: await eventsOf(stage, `batch:${batch.id}`),
      webhook: batch.webhook?.state ?? null,
      webhooks: webhooksOf(stage, batch.id),
    },
  };
}

/** Sends a batch with all that can be in one: rows found and not, equal ones, wrong ones, a bill, and a webhook. */
export async function sendBatch(stage: Stage, options: { key?: string } = {}): Promise<Answer> {
  const numbers = phones(300, 0);
  for (let row = 9; row < numbers.length; row += 10) numbers[row] = numbers[row - 5] as string;
  for (let row = 19; row < numbers.length; row += 50) numbers[row] = 'not a number';
  return await send(stage, csvOf(numbers), { webhook_url: stage.webhooks.url }, options);
}

const ofSearch = { domains: ['search'], underFaults: true } as const;

export const batchProcess: ProcessUnderTest = {
  name: 'batch',
  ...ofSearch,
  submit: async (stage) => accepted(await sendBatch(stage)),
  retry: retryFailed,
  outcome: async (stage, address) => {
    const { result, told } = await outcome(stage, address);
    return { result, told };
  },
};

/** A batch whose budget does for two thirds of its rows: which they are is chance, how many is not. */
export const budgetedBatch: ProcessUnderTest = {
  name: 'batch within a budget',
  ...ofSearch,
  submit: async (stage) => {
    // None that the vendor knows: each row costs the same.
    const unknown = phones(240, 10_000).filter((_, index) => (5_560_000 + index) % 3 !== 0);
    return accepted(await send(stage, csvOf(unknown.slice(0, 150)), { budget: '1.00' }));
  },
  retry: retryFailed,
  outcome: async (stage, address) => {
    const { batch, result, told } = await outcome(stage, address);
    const { bill, cost, progress, state } = result;
    // What was asked and not kept may be paid and not counted; more than the budget never is.
    return { result: { state, cost, progress, bill: bill.amount, budget: batch.budget }, told: told.events };
  },
};

/** A batch that its owner has paused, and that goes on when the fault is over. */
export const pausedBatch: ProcessUnderTest = {
  name: 'batch that is paused',
  ...ofSearch,
  submit: async (stage) => {
    const address = accepted(await send(stage, csvOf(phones(60, 20_000)), {}));
    await stage.caller.command(`${address}/pause`);
    return address;
  },
  release: async ({ caller }, address) => void (await caller.command(`${address}/resume`)),
  retry: retryFailed,
  outcome: async (stage, address) => {
    const { result, told } = await outcome(stage, address);
    return { result, told };
  },
};
