import { v7 as uuidv7 } from 'uuid';
import type { OptimisationReport, OptimisationState } from '../../domain/designs/optimisation.ts';
import { Failure } from '../../domain/failure.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** A design made smaller, or on its way there. */
export interface Optimisation {
  id: string;
  tenantId: string;
  designId: string;
  /** Which is made smaller. */
  version: number;
  /** Of pictures that lose some by it: 1 to 100. */
  quality: number;
  state: OptimisationState;
  report: OptimisationReport | null;
  newVersion: number | null;
  /** The code of what went wrong. */
  failure: string | null;
  createdBy: string;
  createdAt: Date;
  finishedAt: Date | null;
}

const columns = `id, tenant_id as "tenantId", design_id as "designId", version, quality, state, report,
  new_version as "newVersion", failure, created_by as "createdBy", created_at as "createdAt", finished_at as "finishedAt"`;

/** Optimisations of a tenant's designs. */
export class OptimisationRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `designs.optimisation_not_found` */
  async get(id: string): Promise<Optimisation> {
    return found(await this.#select('and id = $2', [id]));
  }

  /** Of one design. @throws Failure `designs.optimisation_not_found` */
  async getOf(designId: string, id: string): Promise<Optimisation> {
    return found(await this.#select('and design_id = $2 and id = $3', [designId, id]));
  }

  /** The same, held until the transaction ends. */
  async lock(id: string): Promise<Optimisation> {
    return found(await this.#select('and id = $2 for no key update', [id]));
  }

  /** Newest first: of a design, or of all. */
  async list(designId: string | null, limit: number, afterId: string | null): Promise<Optimisation[]> {
    return await this.#select(
      'and ($2::uuid is null or design_id = $2) and ($3::uuid is null or id < $3) order by id desc limit $4',
      [designId, afterId, limit],
    );
  }

  /** @throws Failure `designs.optimisation_under_way` */
  async insert(
    given: Pick<Optimisation, 'designId' | 'version' | 'quality' | 'createdBy'>,
  ): Promise<Optimisation> {
    const id = uuidv7();
    const made = await this.#sql(
      `insert into designs.optimisations (id, tenant_id, design_id, version, quality, state, created_by)
       values ($1, $2, $3, $4, $5, 'requested', $6) on conflict do nothing returning 1`,
      [id, this.#tenantId, given.designId, given.version, given.quality, given.createdBy],
    );
    if (made.length === 0)
      throw new Failure('designs.optimisation_under_way', 'This design is being optimised already.');
    return await this.get(id);
  }

  async #select(rest: string, parameters: unknown[]): Promise<Optimisation[]> {
    const rows = await this.#sql<Optimisation>(
      `select ${columns} from designs.optimisations where tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt', 'finishedAt']);
  }
}

/** Ends an optimisation and tells of it. The caller holds it locked, and it has not ended yet. */
export async function endOptimisation(
  { sql, publish }: Transaction,
  { id, tenantId, designId, version }: Optimisation,
  end: {
    state: Exclude<OptimisationState, 'requested'>;
    report?: OptimisationReport;
    newVersion?: number;
    failure?: string;
  },
): Promise<void> {
  await sql(
    `update designs.optimisations set state = $3, report = $4, new_version = $5, failure = $6, finished_at = now()
     where tenant_id = $1 and id = $2`,
    [
      tenantId,
      id,
      end.state,
      end.report ? JSON.stringify(end.report) : null,
      end.newVersion ?? null,
      end.failure ?? null,
    ],
  );
  await publish({
    type: 'design.optimised',
    tenantId,
    subject: `optimisation:${id}`,
    data: {
      design_id: designId,
      version,
      state: end.state,
      ...(end.newVersion === undefined ? {} : { new_version: end.newVersion }),
      ...(end.report ? { bytes_before: end.report.bytes_before, bytes_after: end.report.bytes_after } : {}),
      ...(end.failure === undefined ? {} : { code: end.failure }),
    },
  });
}

function found([one]: Optimisation[]): Optimisation {
  if (!one) throw new Failure('designs.optimisation_not_found', 'There is no such optimisation.');
  return one;
}
