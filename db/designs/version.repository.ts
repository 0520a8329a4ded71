import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import type { Asker, Version, VersionFacts } from './design.ts';
import { DesignRepository } from './design.repository.ts';

const factColumns = `v.design_id as "designId", v.number, v.content_hash as "contentHash", v.made_from as "madeFrom",
  v.frozen_at as "frozenAt", v.created_by as "createdBy", v.created_at as "createdAt"`;

/** Versions of a tenant's designs, as far as whoever asks may see them. They never change. */
export class VersionRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;
  readonly #asker: Asker;

  constructor(sql: Sql, tenantId: string, asker: Asker) {
    this.#sql = sql;
    this.#tenantId = tenantId;
    this.#asker = asker;
  }

  /**
   * One that was ordered is there for the whole organisation, also when its design is deleted: whoever makes what was
   * ordered has to see it.
   *
   * @throws Failure `designs.design_not_found`, `designs.version_not_found`
   */
  async get(designId: string, number: number): Promise<Version> {
    const rows = await this.#sql<Version>(
      `select ${factColumns}, v.document, v.assets from designs.versions v
       where v.tenant_id = $1 and v.design_id = $2 and v.number = $3`,
      [this.#tenantId, designId, number],
    );
    const [version] = withDates(rows, ['frozenAt', 'createdAt']);
    if (version?.frozenAt) return version;
    await new DesignRepository(this.#sql, this.#tenantId, this.#asker).get(designId);
    if (!version) throw new Failure('designs.version_not_found', 'The design has no such version.');
    return version;
  }

  /** Newest first, before a number. @throws Failure `designs.design_not_found` */
  async list(designId: string, limit: number, before: number | null): Promise<VersionFacts[]> {
    await new DesignRepository(this.#sql, this.#tenantId, this.#asker).get(designId);
    const rows = await this.#sql<VersionFacts>(
      `select ${factColumns} from designs.versions v
       where v.tenant_id = $1 and v.design_id = $2 and ($3::integer is null or v.number < $3)
       order by v.number desc limit $4`,
      [this.#tenantId, designId, before, limit],
    );
    return withDates(rows, ['frozenAt', 'createdAt']);
  }
}
