import { Failure } from '../../domain/failure.ts';
import type { ImportPhase } from '../../domain/search/import.ts';
import type { Transaction } from '../database.ts';
import { databaseNow } from '../now.ts';
import type { Sql } from '../sql.ts';
import type { Actor } from './batch.repository.ts';
import { importColumns, toImport, type Import, type ImportRow } from './import.ts';

export type NewImport = Pick<
  Import,
  'id' | 'tenantId' | 'recordSetId' | 'contentId' | 'mode' | 'file' | 'mapping' | 'traceId' | 'createdBy'
>;

/** What of an import changes in one step. */
export interface ImportChange {
  phase: ImportPhase;
  rowsTotal?: number;
  columns?: readonly string[];
  format?: Import['format'];
  file?: Import['file'];
  reportFile?: Import['reportFile'];
  problem?: Import['problem'];
  finishedAt?: typeof databaseNow;
}

const columnOf: Record<keyof ImportChange, string> = {
  phase: 'phase',
  rowsTotal: 'rows_total',
  columns: 'columns',
  format: 'format',
  file: 'file',
  reportFile: 'report_file',
  problem: 'problem',
  finishedAt: 'finished_at',
};

/** Imports into record sets. */
export class ImportRepository {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws Failure `search.import_not_found`, also for another tenant's */
  async get(tenantId: string, id: string): Promise<Import> {
    return found(await this.#select('where tenant_id = $1 and id = $2', [tenantId, id]));
  }

  /** The same, held until the transaction ends. */
  async lock(tenantId: string, id: string): Promise<Import> {
    return found(await this.#select('where tenant_id = $1 and id = $2 for no key update', [tenantId, id]));
  }

  /** Those of a record set, newest first. */
  async list(
    tenantId: string,
    recordSetId: string,
    limit: number,
    afterId: string | null,
  ): Promise<Import[]> {
    return await this.#select(
      `where tenant_id = $1 and record_set_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4`,
      [tenantId, recordSetId, afterId, limit],
    );
  }

  /** Those of all record sets, newest first. */
  async listAll(tenantId: string, limit: number, afterId: string | null): Promise<Import[]> {
    return await this.#select(
      'where tenant_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3',
      [tenantId, afterId, limit],
    );
  }

  /** Those that have changed since a revision, whoever's they are: for streams already authorised. */
  async newerThan(known: ReadonlyMap<string, number>): Promise<Import[]> {
    return await this.#select(
      `where id in (select given.id from unnest($1::uuid[], $2::bigint[]) as given (id, revision)
                    where given.id = imports.id and imports.revision > given.revision)`,
      [[...known.keys()], [...known.values()]],
    );
  }

  async #select(rest: string, parameters: unknown[]): Promise<Import[]> {
    const rows = await this.#sql<ImportRow>(
      `select ${importColumns} from search.imports ${rest}`,
      parameters,
    );
    return rows.map(toImport);
  }
}

function found(imports: Import[]): Import {
  const [one] = imports;
  if (!one) throw new Failure('search.import_not_found', 'There is no such import.');
  return one;
}

/** Stores a new import, and asks for its workflow. @throws Failure `search.import_in_progress` */
export async function createImport(transaction: Transaction, given: NewImport): Promise<Import> {
  const rows = await transaction.sql<ImportRow>(
    `insert into search.imports (id, tenant_id, record_set_id, content_id, mode, file, mapping, trace_id, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (record_set_id) where phase in ('submitted', 'validating', 'importing', 'publishing') do nothing
     returning ${importColumns}`,
    [
      given.id,
      given.tenantId,
      given.recordSetId,
      given.contentId,
      given.mode,
      JSON.stringify(given.file),
      JSON.stringify(given.mapping),
      given.traceId,
      given.createdBy,
    ],
  );
  const [created] = rows.map(toImport);
  if (!created)
    throw new Failure(
      'search.import_in_progress',
      'An import into this record set is at work. Wait for its end.',
    );
  await tell(
    transaction,
    created,
    'search.import_submitted',
    { mode: created.mode },
    {
      userId: given.createdBy,
      traceId: given.traceId,
    },
  );
  return created;
}

/** Changes an import that the caller holds locked, and publishes it in the same transaction. */
export async function changeImport(
  transaction: Transaction,
  { tenantId, id, traceId }: Import,
  change: ImportChange,
  event: { type: `search.import_${string}`; data?: Record<string, unknown> },
  actor: Actor = { userId: null, traceId },
): Promise<Import> {
  const entries = Object.entries(change) as [keyof ImportChange, unknown][];
  const given = entries.filter(([, value]) => value !== databaseNow);
  const assignments = [
    ...given.map(([name], index) => `${columnOf[name]} = $${index + 3}`),
    ...entries.filter((entry) => !given.includes(entry)).map(([name]) => `${columnOf[name]} = now()`),
  ];
  const rows = await transaction.sql<ImportRow>(
    `update search.imports set revision = revision + 1, updated_at = now(), progress_at = clock_timestamp(),
       ${assignments.join(', ')}
     where tenant_id = $1 and id = $2 returning ${importColumns}`,
    [
      tenantId,
      id,
      ...given.map(([, value]) =>
        value === null || typeof value !== 'object' ? value : JSON.stringify(value),
      ),
    ],
  );
  const changed = found(rows.map(toImport));
  await tell(transaction, changed, event.type, event.data ?? {}, actor);
  return changed;
}

async function tell(
  transaction: Transaction,
  given: Import,
  type: string,
  data: Record<string, unknown>,
  actor: Actor,
): Promise<void> {
  await transaction.publish({
    type,
    tenantId: given.tenantId,
    subject: `import:${given.id}`,
    data: { ...data, record_set_id: given.recordSetId },
    actorId: actor.userId,
    traceId: actor.traceId,
  });
}
