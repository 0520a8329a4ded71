import { Failure } from '../../domain/failure.ts';
import { assetsOf, contentHash } from '../../domain/designs/content.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import type { Asker, Design, Origin } from './design.ts';

export interface DesignFilter {
  /** Words in the name. */
  name?: string | undefined;
  tag?: string | undefined;
  productSku?: string | undefined;
  createdBy?: string | undefined;
  ordered?: boolean | undefined;
  /** Only those that others have shared with whoever asks. */
  shared?: boolean | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface NewDesign {
  id: string;
  name: string;
  tags: readonly string[];
  document: DesignDocument;
  origin: Origin | null;
  createdBy: string;
}

export interface DesignChange {
  name: string;
  tags: readonly string[];
  /** Null: the document stays. */
  document: DesignDocument | null;
  madeFrom: Origin | null;
  /** Null: the system. */
  changedBy: string | null;
}

/** Designs of a tenant, as far as whoever asks may see them. Deleted ones are not there. */
export class DesignRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;
  readonly #asker: Asker;

  constructor(sql: Sql, tenantId: string, asker: Asker) {
    this.#sql = sql;
    this.#tenantId = tenantId;
    this.#asker = asker;
  }

  /** @throws Failure `designs.design_not_found`, also for another tenant's and one that the asker may not see */
  async get(id: string): Promise<Design> {
    return found(await this.#select('and d.id = $4', [id]));
  }

  /** The same, held until the transaction ends. */
  async lock(id: string): Promise<Design> {
    return found(await this.#select('and d.id = $4 for no key update of d', [id]));
  }

  /** Newest first. */
  async list(filter: DesignFilter, limit: number, afterId: string | null): Promise<Design[]> {
    return await this.#select(
      `and ($4::text is null or strpos(lower(d.name), lower($4)) > 0)
       and ($5::text is null or $5 = any(d.tags))
       and ($6::text is null or d.product_sku = $6)
       and ($7::uuid is null or d.created_by = $7)
       and ($8::boolean is null or (d.ordered_at is not null) = $8)
       and ($9::boolean is null or (d.created_by <> $2 and s.user_id is not null) = $9)
       and ($10::timestamptz is null or d.created_at >= $10) and ($11::timestamptz is null or d.created_at < $11)
       and ($12::uuid is null or d.id < $12)
       order by d.id desc limit $13`,
      [
        filter.name ?? null,
        filter.tag ?? null,
        filter.productSku ?? null,
        filter.createdBy ?? null,
        filter.ordered ?? null,
        filter.shared ?? null,
        filter.from ?? null,
        filter.to ?? null,
        afterId,
        limit,
      ],
    );
  }

  async insert(design: NewDesign): Promise<Design> {
    const { id, document } = design;
    await this.#sql(
      `insert into designs.designs (id, tenant_id, name, tags, product_sku, version, origin, created_by)
       values ($1, $2, $3, $4, $5, 1, $6, $7)`,
      [
        id,
        this.#tenantId,
        design.name,
        design.tags,
        document.product?.sku ?? null,
        design.origin && JSON.stringify(design.origin),
        design.createdBy,
      ],
    );
    await this.#insertVersion(id, 1, document, null, design.createdBy);
    return await this.get(id);
  }

  /** Changes a design. The caller holds it locked. With another document it gets its next version. */
  async update(design: Design, change: DesignChange): Promise<Design> {
    const { document } = change;
    const version = document ? design.version + 1 : design.version;
    if (document) await this.#insertVersion(design.id, version, document, change.madeFrom, change.changedBy);
    await this.#sql(
      `update designs.designs set name = $3, tags = $4, version = $5, product_sku = $6, revision = revision + 1,
         updated_at = now()
       where tenant_id = $1 and id = $2`,
      [
        this.#tenantId,
        design.id,
        change.name,
        change.tags,
        version,
        document ? (document.product?.sku ?? null) : design.productSku,
      ],
    );
    return await this.get(design.id);
  }

  /** It is gone for everybody; its versions go when they are swept, but for those that were ordered. */
  async delete(id: string): Promise<void> {
    await this.#sql(
      `update designs.designs set deleted_at = now(), revision = revision + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id],
    );
    await this.#sql(
      'update designs.links set revoked_at = now() where tenant_id = $1 and design_id = $2 and revoked_at is null',
      [this.#tenantId, id],
    );
  }

  async #insertVersion(
    id: string,
    number: number,
    document: DesignDocument,
    madeFrom: Origin | null,
    createdBy: string | null,
  ): Promise<void> {
    await this.#sql(
      `insert into designs.versions (design_id, number, tenant_id, document, content_hash, assets, made_from, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        id,
        number,
        this.#tenantId,
        JSON.stringify(document),
        contentHash(document),
        assetsOf(document),
        madeFrom && JSON.stringify(madeFrom),
        createdBy,
      ],
    );
  }

  async #select(rest: string, parameters: unknown[]): Promise<Design[]> {
    const rows = await this.#sql<Design>(
      `select d.id, d.tenant_id as "tenantId", d.name, d.tags, d.product_sku as "productSku", d.version, d.revision,
         d.origin, d.created_by as "createdBy", d.ordered_at as "orderedAt", d.created_at as "createdAt",
         d.updated_at as "updatedAt", case when $3 or d.created_by = $2 then 'own' else s.access end as access
       from designs.designs d left join designs.shares s on s.design_id = d.id and s.user_id = $2::uuid
       where d.tenant_id = $1 and d.deleted_at is null and ($3::boolean or d.created_by = $2 or s.user_id is not null)
       ${rest}`,
      [this.#tenantId, this.#asker?.userId ?? null, this.#asker?.everyDesign ?? true, ...parameters],
    );
    return withDates(rows, ['orderedAt', 'createdAt', 'updatedAt']);
  }
}

function found([design]: Design[]): Design {
  if (!design) throw new Failure('designs.design_not_found', 'There is no such design.');
  return design;
}
