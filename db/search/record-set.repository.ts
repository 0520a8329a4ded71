import { Failure } from '../../domain/failure.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import type { Actor } from './batch.repository.ts';
import { invalidateSearchCache } from './provider.repository.ts';

/**
 * People that belong together, as their owner sees them. Behind a set stand its contents, of which one is visible: at
 * first the one with the set's own id, after a replacement another.
 */
export interface RecordSet {
  id: string;
  tenantId: string;
  name: string;
  /** The visible content: what the people's rows name as their record set. */
  contentId: string;
  personCount: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

type RecordSetRow = Omit<RecordSet, 'createdAt' | 'updatedAt'> & { createdAt: string; updatedAt: string };

const columns = `coalesce(content_of, id) as id, tenant_id as "tenantId", name, id as "contentId",
  person_count::float8 as "personCount", version, created_at as "createdAt", updated_at as "updatedAt"`;

const seen = 'visible and deleted_at is null';

/** Record sets of a tenant. */
export class RecordSetRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `search.record_set_not_found`, also for another tenant's */
  async get(id: string): Promise<RecordSet> {
    return found(await this.#select('and coalesce(content_of, id) = $2', [id]));
  }

  /** The same, held until the transaction ends. */
  async lock(id: string): Promise<RecordSet> {
    return found(await this.#select('and coalesce(content_of, id) = $2 for no key update', [id]));
  }

  /** Newest first. */
  async list(limit: number, afterId: string | null): Promise<RecordSet[]> {
    return await this.#select(
      'and ($2::uuid is null or coalesce(content_of, id) < $2) order by coalesce(content_of, id) desc limit $3',
      [afterId, limit],
    );
  }

  /** @throws Failure `search.record_set_name_taken` */
  async create(id: string, name: string, createdBy: string): Promise<RecordSet> {
    await this.#insert(id, name, { createdBy, visible: true, contentOf: null });
    return await this.get(id);
  }

  /** Makes a content that no reader sees, to be filled by a replacement. */
  async createHiddenContent(contentId: string, recordSetId: string, createdBy: string): Promise<void> {
    await this.#insert(contentId, `content ${contentId}`, {
      createdBy,
      visible: false,
      contentOf: recordSetId,
    });
  }

  /** @throws Failure `search.record_set_name_taken` */
  async rename({ contentId }: RecordSet, name: string): Promise<void> {
    const renamed = await this.#sql(
      `update search.record_sets set name = $3, version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2
         and not exists (select 1 from search.record_sets other
                         where other.tenant_id = $1 and other.name = $3 and other.id <> $2 and other.deleted_at is null)
       returning id`,
      [this.#tenantId, contentId, name],
    );
    if (renamed.length === 0) throw nameTaken(name);
  }

  /** Shows a hidden content in place of the present one, at once for every reader. */
  async show({ id, contentId, name, version, createdAt }: RecordSet, newContentId: string): Promise<void> {
    await this.#sql(
      `update search.record_sets set visible = false, deleted_at = now() where tenant_id = $1 and id = $2`,
      [this.#tenantId, contentId],
    );
    await this.#sql(
      `update search.record_sets set visible = true, name = $4, version = $5, created_at = $6, updated_at = now()
       where tenant_id = $1 and id = $2 and content_of = $3`,
      [this.#tenantId, newContentId, id, name, version + 1, createdAt],
    );
    await invalidateSearchCache(this.#sql, this.#tenantId);
  }

  /** Gives up a content that was never shown. */
  async retireHidden(contentId: string): Promise<void> {
    await this.#sql(
      `update search.record_sets set deleted_at = now() where tenant_id = $1 and id = $2 and not visible`,
      [this.#tenantId, contentId],
    );
  }

  /** Takes a set from every reader. Its people are deleted afterwards. */
  async retireAll(id: string): Promise<void> {
    await this.#sql(
      `update search.record_sets set deleted_at = now()
       where tenant_id = $1 and (id = $2 or content_of = $2) and deleted_at is null`,
      [this.#tenantId, id],
    );
    await invalidateSearchCache(this.#sql, this.#tenantId);
  }

  /** The contents of a set that no reader sees any more and that still hold something. */
  async retiredContents(id: string): Promise<string[]> {
    const rows = await this.#sql<{ id: string }>(
      `select id from search.record_sets s
       where tenant_id = $1 and (id = $2 or content_of = $2) and deleted_at is not null
         and (exists (select 1 from search.persons p where p.record_set_id = s.id)
              or exists (select 1 from search.terms t where t.record_set_id = s.id))
       order by id`,
      [this.#tenantId, id],
    );
    return rows.map((row) => row.id);
  }

  async #insert(
    id: string,
    name: string,
    { createdBy, visible, contentOf }: { createdBy: string; visible: boolean; contentOf: string | null },
  ): Promise<void> {
    const inserted = await this.#sql(
      `insert into search.record_sets (id, tenant_id, name, created_by, visible, content_of)
       values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, name) where deleted_at is null do nothing returning id`,
      [id, this.#tenantId, name, createdBy, visible, contentOf],
    );
    if (inserted.length === 0) throw nameTaken(name);
  }

  async #select(rest: string, parameters: unknown[]): Promise<RecordSet[]> {
    const rows = await this.#sql<RecordSetRow>(
      `select ${columns} from search.record_sets where tenant_id = $1 and ${seen} ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return rows.map((row) => ({
      ...row,
      createdAt: new Date(row.createdAt),
      updatedAt: new Date(row.updatedAt),
    }));
  }
}

function found(sets: RecordSet[]): RecordSet {
  const [set] = sets;
  if (!set) throw new Failure('search.record_set_not_found', 'There is no such record set.');
  return set;
}

function nameTaken(name: string): Failure {
  return new Failure('search.record_set_name_taken', `There is a record set “${name}” already.`);
}

/** Publishes what has happened to a record set. */
export async function tellOfRecordSet(
  transaction: Transaction,
  { id, tenantId }: Pick<RecordSet, 'id' | 'tenantId'>,
  type: `search.record_set_${string}`,
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> {
  await transaction.publish({
    type,
    tenantId,
    subject: `record-set:${id}`,
    data,
    actorId: actor.userId,
    traceId: actor.traceId,
  });
}

/**
 * Deletes up to `limit` people of a retired content with their keys, then its terms. It keeps no counts, as all of it
 * goes. Gives how many rows went; call it until that is 0.
 */
export async function deleteRetired(
  sql: Sql,
  tenantId: string,
  contentId: string,
  limit: number,
): Promise<number> {
  const [people] = await sql<{ rows: number }>(
    `with gone as (
       delete from search.persons
       where person_no in (
         select person_no from search.persons
         where tenant_id = $1 and record_set_id = $2
           and exists (select 1 from search.record_sets where id = $2 and tenant_id = $1 and deleted_at is not null)
         limit $3)
       returning person_no, keys
     ), removed as (
       delete from search.person_keys using gone, unnest(gone.keys) as gone_key (key)
       where person_keys.key = gone_key.key and person_keys.person_no = gone.person_no
     ) select count(*)::int as rows from gone`,
    [tenantId, contentId, limit],
  );
  if (people && people.rows > 0) return people.rows;
  const [terms] = await sql<{ rows: number }>(
    `with gone as (
       delete from search.terms
       where key in (
         select key from search.terms
         where tenant_id = $1 and record_set_id = $2
           and exists (select 1 from search.record_sets where id = $2 and tenant_id = $1 and deleted_at is not null)
         limit $3)
       returning 1
     ) select count(*)::int as rows from gone`,
    [tenantId, contentId, limit],
  );
  return terms?.rows ?? 0;
}
