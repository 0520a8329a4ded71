import type { BatchCommand, BatchHold, BatchPhase } from '../../domain/search/batch.ts';
import { applyCommand } from '../../domain/search/batch.ts';
import { Failure } from '../../domain/failure.ts';
import type { BatchWait } from '../../domain/search/batch-wait.ts';
import type { Transaction } from '../database.ts';
import { databaseNow } from '../now.ts';
import type { Sql } from '../sql.ts';
import { batchColumns, toBatch, type Batch, type BatchRow } from './batch.ts';

/** Who does something to a batch: a person, or its workflow (null). */
export interface Actor {
  userId: string | null;
  traceId: string | null;
}

/** What of a batch changes in one step. What is left out stays. */
export interface BatchChange {
  phase?: BatchPhase;
  hold?: BatchHold | null;
  run?: number;
  name?: string;
  priority?: number;
  concurrency?: number;
  budgetMicros?: bigint | null;
  columns?: readonly string[];
  format?: Batch['format'];
  file?: Batch['file'];
  rowsTotal?: number;
  waiting?: BatchWait | null;
  resultFiles?: Batch['resultFiles'];
  problem?: Batch['problem'];
  webhook?: Batch['webhook'];
  startedAt?: typeof databaseNow;
  finishedAt?: typeof databaseNow | null;
  version?: number;
}

const columnOf: Record<keyof BatchChange, string> = {
  phase: 'phase',
  hold: 'hold',
  run: 'run',
  name: 'name',
  priority: 'priority',
  concurrency: 'concurrency',
  budgetMicros: 'budget_micros',
  columns: 'columns',
  format: 'format',
  file: 'file',
  rowsTotal: 'rows_total',
  waiting: 'waiting',
  resultFiles: 'result_files',
  problem: 'problem',
  webhook: 'webhook',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  version: 'version',
};

const changeable = Object.keys(columnOf) as (keyof BatchChange)[];

function placesOf(entries: readonly [keyof BatchChange, unknown][]): string {
  return entries.map(([name]) => changeable.indexOf(name)).join(',');
}

/** An entry of a batch's history, as its owner sees it. */
export interface BatchEvent {
  revision: number;
  type: string;
  data: Record<string, unknown>;
  /** ISO 8601. */
  occurredAt: string;
}

/** Batches: their state, their history and the events that tell of it. */
export class BatchRepository {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws Failure `search.batch_not_found`, also for another tenant's */
  async get(tenantId: string, id: string): Promise<Batch> {
    const rows = await this.#sql<{ batch: BatchRow }>(getBatch, [tenantId, id], 'search.get_batch');
    return found(rows.map(({ batch }) => toBatch(batch)));
  }

  /** The same, held until the transaction ends: whoever wants to change the batch too waits. */
  async lock(tenantId: string, id: string): Promise<Batch> {
    return found(
      await this.#select(
        'where tenant_id = $1 and id = $2 for no key update',
        [tenantId, id],
        'search.lock_batch',
      ),
    );
  }

  /** Newest first. */
  async list(
    tenantId: string,
    filter: { phases?: readonly string[] | undefined; held?: BatchHold | null | undefined },
    limit: number,
    afterId: string | null,
  ): Promise<Batch[]> {
    return await this.#select(
      `where tenant_id = $1 and ($2::uuid is null or id < $2) and ($3::text[] is null or phase = any($3))
       and ($4::text is null or coalesce(hold, 'none') = $4) order by id desc limit $5`,
      [
        tenantId,
        afterId,
        filter.phases ?? null,
        filter.held === undefined ? null : (filter.held ?? 'none'),
        limit,
      ],
    );
  }

  /** Those of these batches that have changed since a revision, whoever's they are: for streams already authorised. */
  async newerThan(known: ReadonlyMap<string, number>): Promise<Batch[]> {
    return await this.#select(
      `where id in (select given.id from unnest($1::uuid[], $2::bigint[]) as given (id, revision)
                    where given.id = batches.id and batches.revision > given.revision)`,
      [[...known.keys()], [...known.values()]],
    );
  }

  async events(batchId: string, afterRevision: number): Promise<BatchEvent[]> {
    return await this.#sql<BatchEvent>(
      `select revision::float8 as revision, type, data,
         to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt" from search.batch_events
       where batch_id = $1 and revision > $2 order by revision`,
      [batchId, afterRevision],
    );
  }

  async #select(rest: string, parameters: unknown[], prepared?: string): Promise<Batch[]> {
    const rows = await this.#sql<BatchRow>(
      `select ${batchColumns} from search.batches ${rest}`,
      parameters,
      prepared,
    );
    return rows.map(toBatch);
  }
}

/** As one value: the driver works out anew for each answer which columns it has, and these are many. */
const getBatch = `
  select to_json(found) as batch
  from (select ${batchColumns} from search.batches where tenant_id = $1 and id = $2) as found`;

function found(batches: Batch[]): Batch {
  const [batch] = batches;
  if (!batch) throw new Failure('search.batch_not_found', 'There is no such batch.');
  return batch;
}

/**
 * Changes a batch that the caller holds locked, adds the change to its history and publishes it: all in the caller's
 * transaction, or not at all. The rate of progress is measured anew from here, as pauses don't count.
 */
export async function changeBatch(
  transaction: Transaction,
  batch: Batch,
  change: BatchChange,
  event: { type: `search.batch_${string}`; data?: Record<string, unknown> },
  actor: Actor = { userId: null, traceId: batch.traceId },
): Promise<Batch> {
  const entries = changeable.flatMap((name): [keyof BatchChange, unknown][] =>
    name in change ? [[name, change[name]]] : [],
  );
  const given = entries.filter(([, value]) => value !== databaseNow);
  const dated = entries.filter(([, value]) => value === databaseNow);
  const assignments = [
    ...given.map(([name], index) => `${columnOf[name]} = $${index + 3}`),
    ...dated.map(([name]) => `${columnOf[name]} = clock.time`),
  ];
  const data = event.data ?? {};
  const rows = await transaction.sql<BatchRow>(
    // One time for all of it, which is not that of the transaction's beginning: several steps may be one.
    `with clock as materialized (
       select clock_timestamp() as time
     ), changed as (
       update search.batches set revision = revision + 1, updated_at = clock.time, progress_at = clock.time
         ${assignments.map((one) => `, ${one}`).join('')}
       from clock where tenant_id = $1 and id = $2 returning batches.*
     ), told as (
       insert into search.batch_events (batch_id, revision, type, data, occurred_at)
       select id, revision, $${given.length + 3}::text, $${given.length + 4}::jsonb, updated_at from changed
     )
     select ${batchColumns} from changed`,
    [
      batch.tenantId,
      batch.id,
      ...given.map(([, value]) => toParameter(value)),
      historyType(event.type),
      JSON.stringify(data),
    ],
    // There are a dozen of them: whatever changes the same columns is the same statement.
    ['search.change_batch', placesOf(given), 'now', placesOf(dated)].join(' '),
  );
  const changed = found(rows.map(toBatch));
  await publish(transaction, changed, event.type, data, actor);
  return changed;
}

/**
 * Does what a command asks for, if the batch is where it makes sense. One that has taken effect already changes
 * nothing and tells nobody.
 *
 * @throws Failure `search.batch_not_found`, `search.batch_state`
 */
export async function commandBatch(
  transaction: Transaction,
  tenantId: string,
  id: string,
  command: Extract<BatchCommand, 'pause' | 'resume' | 'cancel'>,
  actor: Actor,
): Promise<Batch> {
  const batch = await new BatchRepository(transaction.sql).lock(tenantId, id);
  const { hold } = applyCommand(command, batch);
  if (hold === batch.hold) return batch;
  const type = { pause: 'paused', resume: 'resumed', cancel: 'cancel_requested' } as const;
  // The time in which it is held is no time of waiting: that begins anew.
  return await changeBatch(
    transaction,
    batch,
    { hold, waiting: null },
    { type: `search.batch_${type[command]}` },
    actor,
  );
}

/** In a batch's own history everything is of batches. */
export function historyType(type: string): string {
  return type.replace('search.batch_', '');
}

async function publish(
  transaction: Transaction,
  batch: Batch,
  type: string,
  data: Record<string, unknown>,
  actor: Actor,
): Promise<void> {
  await transaction.publish({
    type,
    tenantId: batch.tenantId,
    subject: `batch:${batch.id}`,
    data: { ...data, run: batch.run, revision: batch.revision },
    actorId: actor.userId,
    traceId: actor.traceId,
  });
}

function toParameter(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  return JSON.stringify(value);
}
