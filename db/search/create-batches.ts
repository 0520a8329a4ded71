import type { Teller } from '../database.ts';
import { byteaArray } from '../array-literal.ts';
import { historyType } from './batch.repository.ts';
import { toBatch, type Batch, type BatchRow } from './batch.ts';
import type { InlineFile } from './inline-files.ts';

export type NewBatch = Pick<
  Batch,
  | 'id'
  | 'tenantId'
  | 'name'
  | 'kind'
  | 'file'
  | 'mapping'
  | 'options'
  | 'priority'
  | 'concurrency'
  | 'budgetMicros'
  | 'webhook'
  | 'traceId'
  | 'createdBy'
> & {
  /** Null: as the tenant's settings say. */
  currency: string | null;
};

/** A batch to be stored, with its file where that is small and belongs to it alone. */
export interface BatchToCreate {
  batch: NewBatch;
  content: InlineFile | null;
  /** The span that it belongs to, as W3C `traceparent`; the one that is under way without it. */
  traceparent?: string | null;
}

/** Of a tenant whose settings nobody has looked at yet. */
const defaultCurrency = 'USD';

const insertBatches = `
  given as materialized (
    select g.*, contents.content
    from jsonb_to_recordset($1::jsonb) as g (place integer, id uuid, tenant_id uuid, name text, kind text, file jsonb,
        mapping jsonb, options jsonb, priority smallint, concurrency smallint, currency text, budget_micros bigint,
        webhook jsonb, trace_id text, created_by uuid, data jsonb, key text, content_type text)
      join unnest($2::bytea[]) with ordinality as contents (content, place) using (place)
  ), created as (
    insert into search.batches (id, tenant_id, name, kind, file, mapping, options, priority, concurrency, currency,
      budget_micros, webhook, trace_id, created_by)
    select id, tenant_id, name, kind, file, mapping, options, priority, concurrency,
      coalesce(currency, (select s.currency from search.settings s where s.tenant_id = given.tenant_id),
        '${defaultCurrency}'),
      budget_micros, webhook, trace_id, created_by
    from given
    returning id, currency, phase, run, revision::float8 as revision, version, rate, created_at as "createdAt",
      updated_at as "updatedAt", clock_timestamp() as "readAt"
  ), told as (
    insert into search.batch_events (batch_id, revision, type, data)
    select id, created.revision, $3::text, given.data from created join given using (id)
  ), stored as (
    insert into search.inline_files (key, tenant_id, content_type, content)
    select key, tenant_id, content_type, content from given where key is not null
  )`;

const type = 'search.batch_submitted';

/**
 * Stores new batches with their history and their small files, and asks for their workflows: one statement, however many.
 *
 * @param teller the transaction, or the database where this is all
 */
export async function createBatches(teller: Teller, given: readonly BatchToCreate[]): Promise<Batch[]> {
  const rows = await teller.tell<Beginning>({
    parts: insertBatches,
    select: 'select * from created',
    parameters: [
      JSON.stringify(given.map(rowOf)),
      byteaArray(given.map(({ content }) => content?.content.toString('hex') ?? null)),
      historyType(type),
    ],
    events: given.map(({ batch, traceparent }) => ({
      type,
      tenantId: batch.tenantId,
      subject: `batch:${batch.id}`,
      // Of its first revision, before any run.
      data: { ...dataOf(batch), run: 0, revision: 1 },
      actorId: batch.createdBy,
      traceId: batch.traceId,
      ...(traceparent === undefined ? {} : { traceparent }),
    })),
    prepared: 'search.create_batches',
  });
  const beginnings = new Map(rows.map((row) => [row.id, row]));
  return given.map(({ batch }) => {
    const beginning = beginnings.get(batch.id);
    if (!beginning) throw new Error('A batch was not there after it was written.');
    const budgetMicros = batch.budgetMicros?.toString() ?? null;
    return toBatch({ ...batch, ...nothingDone, ...beginning, budgetMicros });
  });
}

/** The same for one. */
export async function createBatch(
  teller: Teller,
  batch: NewBatch,
  content: InlineFile | null = null,
): Promise<Batch> {
  const [created] = await createBatches(teller, [{ batch, content }]);
  return created as Batch;
}

function dataOf({ priority }: NewBatch): Record<string, unknown> {
  return { priority };
}

function rowOf({ batch, content }: BatchToCreate, index: number): Record<string, unknown> {
  return {
    place: index + 1,
    id: batch.id,
    tenant_id: batch.tenantId,
    name: batch.name,
    kind: batch.kind,
    file: batch.file,
    mapping: batch.mapping,
    options: batch.options,
    priority: batch.priority,
    concurrency: batch.concurrency,
    currency: batch.currency,
    budget_micros: batch.budgetMicros?.toString() ?? null,
    webhook: batch.webhook,
    trace_id: batch.traceId,
    created_by: batch.createdBy,
    data: dataOf(batch),
    key: content?.key ?? null,
    content_type: content?.contentType ?? null,
  };
}

/** What the database decides of a new batch. The rest is as it was given, and need not be sent back and read again. */
type Beginning = Pick<
  BatchRow,
  'id' | 'currency' | 'phase' | 'run' | 'revision' | 'version' | 'rate' | 'createdAt' | 'updatedAt' | 'readAt'
>;

const nothingDone = {
  hold: null,
  costMicros: '0',
  columns: null,
  format: null,
  rowsTotal: null,
  rowsIngested: 0,
  rowsFound: 0,
  rowsNotFound: 0,
  rowsFailed: 0,
  rowsSkipped: 0,
  rowsDuplicate: 0,
  waiting: null,
  resultFiles: null,
  problem: null,
  startedAt: null,
  finishedAt: null,
} satisfies Partial<BatchRow>;
