import { assetLimits, type AssetFormat } from '../../domain/designs/asset.ts';
import { Failure } from '../../domain/failure.ts';
import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** What an asset was made of, when it was made smaller. */
export interface MadeOf {
  assetId: string;
  width: number;
  height: number;
  quality: number;
}

/** A picture for designs. Its file never changes. */
export interface Asset {
  id: string;
  name: string;
  format: AssetFormat;
  /** In pixels; of an SVG, in units of its own. */
  width: number;
  height: number;
  bytes: number;
  sha256: string;
  /** What of the file that was sent was not kept. */
  leftOut: string[];
  madeOf: MadeOf | null;
  objectKey: string;
  /** Null: the system. */
  createdBy: string | null;
  createdAt: Date;
}

export type AssetFacts = Pick<
  Asset,
  'format' | 'width' | 'height' | 'bytes' | 'sha256' | 'leftOut' | 'madeOf'
>;

const columns = `id, name, format, width, height, bytes::float8 as bytes, sha256, left_out as "leftOut", made_of as "madeOf",
  object_key as "objectKey", created_by as "createdBy", created_at as "createdAt"`;

/** Assets of a tenant. Those whose file is not whole yet, and deleted ones, are not there. */
export class AssetRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /**
   * Notes that a file is coming, so that it is swept should it never become whole. Until then it takes up room: otherwise files
   * that are refused in the end could fill the storage.
   *
   * @throws Failure `designs.assets_full`
   */
  async register({
    id,
    name,
    objectKey,
    createdBy,
    bytes,
  }: Pick<Asset, 'id' | 'name' | 'objectKey' | 'createdBy' | 'bytes'>): Promise<void> {
    await this.#requireRoom(bytes, ['stored', 'incoming']);
    await this.#sql(
      `insert into designs.assets (id, tenant_id, state, name, object_key, created_by, bytes)
       values ($1, $2, 'incoming', $3, $4, $5, $6)`,
      [id, this.#tenantId, name, objectKey, createdBy, bytes],
    );
  }

  /** Its file is whole. @throws Failure `designs.assets_full` */
  async store(id: string, facts: AssetFacts): Promise<Asset> {
    await this.#requireRoom(facts.bytes, ['stored']);
    await this.#sql(
      `update designs.assets set state = 'stored', format = $3, width = $4, height = $5, bytes = $6, sha256 = $7,
         left_out = $8, made_of = $9
       where tenant_id = $1 and id = $2 and state = 'incoming'`,
      [
        this.#tenantId,
        id,
        facts.format,
        Math.round(facts.width),
        Math.round(facts.height),
        facts.bytes,
        facts.sha256,
        facts.leftOut,
        facts.madeOf && JSON.stringify(facts.madeOf),
      ],
    );
    return await this.get(id);
  }

  /** @throws Failure `designs.asset_not_found`, also for another tenant's */
  async get(id: string): Promise<Asset> {
    return found(await this.#select('and id = $2', [id]));
  }

  /** Those of some that are there. */
  async find(ids: readonly string[]): Promise<Asset[]> {
    return ids.length === 0 ? [] : await this.#select('and id = any($2::uuid[])', [ids]);
  }

  /** The same, held until the transaction ends, so that nobody deletes one meanwhile. */
  async hold(ids: readonly string[]): Promise<Asset[]> {
    return ids.length === 0
      ? []
      : await this.#select('and id = any($2::uuid[]) order by id for share', [ids]);
  }

  /** One that was made before of the same asset in the same way. */
  async findMade(madeOf: MadeOf): Promise<Asset | null> {
    const [made] = await this.#select('and made_of = $2::jsonb limit 1', [JSON.stringify(madeOf)]);
    return made ?? null;
  }

  /** Newest first. */
  async list(
    filter: { name?: string | undefined; format?: AssetFormat | undefined },
    limit: number,
    afterId: string | null,
  ): Promise<Asset[]> {
    return await this.#select(
      `and ($2::text is null or strpos(lower(name), lower($2)) > 0) and ($3::text is null or format = $3)
       and ($4::uuid is null or id < $4) order by id desc limit $5`,
      [filter.name ?? null, filter.format ?? null, afterId, limit],
    );
  }

  /**
   * It is gone; its file is swept. Nobody can begin to use it meanwhile: whoever does holds it, and waits here.
   *
   * @throws Failure `designs.asset_not_found`, `designs.asset_in_use`
   */
  async delete(id: string): Promise<void> {
    found(await this.#select('and id = $2 for update', [id]));
    const [used] = await this.#sql<{ versions: number; presets: number }>(
      `select (select count(*)::int from designs.versions where tenant_id = $1 and assets @> array[$2::uuid]) as versions,
         (select count(*)::int from designs.presets where tenant_id = $1 and assets @> array[$2::uuid]) as presets`,
      [this.#tenantId, id],
    );
    if (used && used.versions + used.presets > 0)
      throw new Failure('designs.asset_in_use', 'Versions of designs or presets show it.', { ...used });
    await this.#sql(
      `update designs.assets set state = 'deleted', deleted_at = now() where tenant_id = $1 and id = $2`,
      [this.#tenantId, id],
    );
  }

  /** Notes that smaller ones stand for these. */
  async markReplaced(ids: readonly string[]): Promise<void> {
    await this.#sql(
      `update designs.assets set replaced_at = coalesce(replaced_at, now()) where tenant_id = $1 and id = any($2::uuid[])`,
      [this.#tenantId, ids],
    );
  }

  /** One after the other, so that two can't both take the last of it. */
  async #requireRoom(bytes: number, states: readonly ('stored' | 'incoming')[]): Promise<void> {
    await lockName(this.#sql, `designs.assets:${this.#tenantId}`);
    const [used] = await this.#sql<{ bytes: number }>(
      `select coalesce(sum(bytes), 0)::float8 as bytes from designs.assets
       where tenant_id = $1 and state = any($2::text[])`,
      [this.#tenantId, states],
    );
    if ((used?.bytes ?? 0) + bytes > assetLimits.organisationBytes)
      throw new Failure(
        'designs.assets_full',
        `The assets of an organisation have at most ${assetLimits.organisationBytes} bytes. Delete some.`,
      );
  }

  async #select(rest: string, parameters: unknown[]): Promise<Asset[]> {
    const rows = await this.#sql<Asset>(
      `select ${columns} from designs.assets where tenant_id = $1 and state = 'stored' ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt']);
  }
}

function found([asset]: Asset[]): Asset {
  if (!asset) throw new Failure('designs.asset_not_found', 'There is no such asset.');
  return asset;
}
