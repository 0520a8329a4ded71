import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** What was erased, in numbers. Never who. */
export interface ErasureReport {
  people: number;
  batch_rows: number;
  rejected_rows: number;
  searches: number;
  answers: number;
  files_deleted: number;
  files_rewritten: number;
  orders: number;
  webhooks: number;
  messages: number;
  addresses: number;
  notices: number;
}

const emptyReport: ErasureReport = {
  people: 0,
  batch_rows: 0,
  rejected_rows: 0,
  searches: 0,
  answers: 0,
  files_deleted: 0,
  files_rewritten: 0,
  orders: 0,
  webhooks: 0,
  messages: 0,
  addresses: 0,
  notices: 0,
};

export interface Erasure {
  id: string;
  tenantId: string;
  state: 'submitted' | 'completed';
  /** Who it is, sealed; null once it is done. */
  subject: string | null;
  report: ErasureReport;
  /** What of other domains must end first, as `order:<id>`. */
  awaited: string[];
  createdAt: Date;
  finishedAt: Date | null;
}

export type MarkKind = 'person' | 'batch' | 'import' | 'looked';

/** The erasures of one tenant. */
export class ErasureRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  async create(id: string, subject: string, createdBy: string): Promise<Erasure> {
    await this.#sql(
      `insert into search.erasures (id, tenant_id, subject, report, created_by) values ($1, $2, $3, $4, $5)`,
      [id, this.#tenantId, subject, JSON.stringify(emptyReport), createdBy],
    );
    return await this.get(id);
  }

  /** @throws Failure `search.erasure_not_found`, also for another tenant's */
  async get(id: string): Promise<Erasure> {
    const [erasure] = await this.#select('and id = $2', [id]);
    if (!erasure) throw new Failure('search.erasure_not_found', 'There is no such erasure.');
    return erasure;
  }

  /** Newest first. */
  async list(limit: number, afterId: string | null): Promise<Erasure[]> {
    return await this.#select('and ($2::uuid is null or id < $2) order by id desc limit $3', [
      afterId,
      limit,
    ]);
  }

  /** Adds to the report, in the transaction of what it counts: so nothing is counted twice, or not at all. */
  async count(id: string, counts: Partial<ErasureReport>): Promise<void> {
    for (const [name, number] of Object.entries(counts)) {
      if (number === 0) continue;
      await this.#sql(
        `update search.erasures set report = jsonb_set(report, array[$3::text], to_jsonb(coalesce((report->>$3)::bigint, 0) + $4))
         where tenant_id = $1 and id = $2 and state = 'submitted'`,
        [this.#tenantId, id, name, number],
      );
    }
  }

  /** What other domains have erased by now, each in all, and what they wait for. */
  async noteElsewhere(id: string, counts: Partial<ErasureReport>, awaited: readonly string[]): Promise<void> {
    await this.#sql(
      `update search.erasures set report = report || $3::jsonb, awaited = $4
       where tenant_id = $1 and id = $2 and state = 'submitted'`,
      [this.#tenantId, id, JSON.stringify(counts), JSON.stringify(awaited)],
    );
  }

  async mark(id: string, kind: MarkKind, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#sql(
      `insert into search.erasure_marks (erasure_id, kind, id)
       select $1, $2, unnest($3::uuid[]) on conflict do nothing`,
      [id, kind, ids],
    );
  }

  async marked(id: string, kind: MarkKind): Promise<string[]> {
    const rows = await this.#sql<{ id: string }>(
      `select id from search.erasure_marks where erasure_id = $1 and kind = $2 order by id`,
      [id, kind],
    );
    return rows.map((row) => row.id);
  }

  async isMarked(id: string, kind: MarkKind, one: string): Promise<boolean> {
    const rows = await this.#sql(
      `select 1 from search.erasure_marks where erasure_id = $1 and kind = $2 and id = $3`,
      [id, kind, one],
    );
    return rows.length > 0;
  }

  async unmark(id: string, kind: MarkKind, one: string): Promise<void> {
    await this.#sql(`delete from search.erasure_marks where erasure_id = $1 and kind = $2 and id = $3`, [
      id,
      kind,
      one,
    ]);
  }

  /** Ends it, and forgets who it was. */
  async complete(id: string): Promise<boolean> {
    await this.#sql(`delete from search.erasure_marks where erasure_id = $1`, [id]);
    const rows = await this.#sql(
      `update search.erasures set state = 'completed', subject = null, awaited = '[]', finished_at = now()
       where tenant_id = $1 and id = $2 and state = 'submitted' returning id`,
      [this.#tenantId, id],
    );
    return rows.length > 0;
  }

  async #select(rest: string, parameters: unknown[]): Promise<Erasure[]> {
    const rows = await this.#sql<Erasure>(
      `select id, tenant_id as "tenantId", state, subject, report, awaited, created_at as "createdAt",
              finished_at as "finishedAt"
       from search.erasures where tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt', 'finishedAt']).map((row) => ({
      ...row,
      // Those from before other domains were looked through have not all of the counts.
      report: { ...emptyReport, ...row.report },
    }));
  }
}
