import { assetsOf } from '../../domain/designs/content.ts';
import { builtInPresets } from '../../domain/designs/built-in-presets.ts';
import { designLimits } from '../../domain/designs/limits.ts';
import type { Preset } from '../../domain/designs/preset.ts';
import { Failure } from '../../domain/failure.ts';
import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

export interface StoredPreset extends Preset {
  revision: number;
  /** Null: it comes with the product. */
  createdBy: string | null;
  createdAt: Date;
  updatedAt: Date;
}

type PresetContent = Pick<Preset, 'category' | 'name' | 'description' | 'document'>;

const columns = `id, category, name, description, document, revision, created_by as "createdBy",
  created_at as "createdAt", updated_at as "updatedAt"`;

/** Presets of a tenant, and behind them those that come with the product. */
export class PresetRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `designs.preset_not_found`, also for another tenant's */
  async get(id: string): Promise<StoredPreset> {
    const builtIn = builtIns.find((preset) => preset.id === id);
    if (builtIn) return builtIn;
    return found(await this.#select('and id = $2', [id]));
  }

  /** One that can be changed, held until the transaction ends. @throws Failure `designs.preset_not_found`, `_built_in` */
  async lock(id: string): Promise<StoredPreset> {
    if (builtIns.some((preset) => preset.id === id))
      throw new Failure('designs.preset_built_in', 'It comes with the product, and can be copied only.');
    return found(await this.#select('and id = $2 for no key update', [id]));
  }

  /** Newest first; those of the product, whose IDs lie before all others, come last. */
  async list(category: string | undefined, limit: number, afterId: string | null): Promise<StoredPreset[]> {
    const own = await this.#select(
      'and ($2::text is null or category = $2) and ($3::uuid is null or id < $3) order by id desc limit $4',
      [category ?? null, afterId, limit],
    );
    const others = builtIns.filter(
      (preset) =>
        (category === undefined || preset.category === category) && (afterId === null || preset.id < afterId),
    );
    return [...own, ...others].slice(0, limit);
  }

  /** Every category that has a preset, with how many there are. */
  async categories(): Promise<{ category: string; presets: number }[]> {
    const own = await this.#sql<{ category: string; presets: number }>(
      'select category, count(*)::int as presets from designs.presets where tenant_id = $1 group by category',
      [this.#tenantId],
    );
    const counts = new Map(own.map(({ category, presets }) => [category, presets]));
    for (const { category } of builtIns) counts.set(category, (counts.get(category) ?? 0) + 1);
    return [...counts]
      .map(([category, presets]) => ({ category, presets }))
      .toSorted((a, b) => (a.category < b.category ? -1 : 1));
  }

  /** @throws Failure `designs.too_many_presets` */
  async insert(id: string, preset: PresetContent, createdBy: string): Promise<StoredPreset> {
    await lockName(this.#sql, `designs.presets:${this.#tenantId}`);
    const [count] = await this.#sql<{ presets: number }>(
      'select count(*)::int as presets from designs.presets where tenant_id = $1',
      [this.#tenantId],
    );
    if ((count?.presets ?? 0) >= designLimits.presets)
      throw new Failure('designs.too_many_presets', `There are ${designLimits.presets} presets already.`);
    const { category, name, description, document } = preset;
    await this.#sql(
      `insert into designs.presets (id, tenant_id, category, name, description, document, assets, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        id,
        this.#tenantId,
        category,
        name,
        description,
        JSON.stringify(document),
        assetsOf(document),
        createdBy,
      ],
    );
    return await this.get(id);
  }

  /** The caller holds it locked. */
  async update(id: string, { category, name, description, document }: PresetContent): Promise<StoredPreset> {
    await this.#sql(
      `update designs.presets set category = $3, name = $4, description = $5, document = $6, assets = $7,
         revision = revision + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id, category, name, description, JSON.stringify(document), assetsOf(document)],
    );
    return await this.get(id);
  }

  async delete(id: string): Promise<void> {
    await this.#sql('delete from designs.presets where tenant_id = $1 and id = $2', [this.#tenantId, id]);
  }

  async #select(rest: string, parameters: unknown[]): Promise<StoredPreset[]> {
    const rows = await this.#sql<StoredPreset>(
      `select ${columns} from designs.presets where tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt', 'updatedAt']).map((row) => ({ ...row, builtIn: false }));
  }
}

const builtIns: readonly StoredPreset[] = builtInPresets.toReversed().map((preset) => ({
  ...preset,
  revision: 1,
  createdBy: null,
  createdAt: new Date('2026-11-28T00:00:00Z'),
  updatedAt: new Date('2026-11-28T00:00:00Z'),
}));

function found([preset]: StoredPreset[]): StoredPreset {
  if (!preset) throw new Failure('designs.preset_not_found', 'There is no such preset.');
  return preset;
}
