import { renderingVersion } from '../../domain/designs/compose-svg.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';
import type { PictureFile, PreviewState } from '../../domain/designs/preview.ts';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** Pictures of one content in some sizes. */
export interface Preview {
  id: string;
  tenantId: string;
  /** For which it was first drawn; other versions may have the same content. */
  designId: string;
  version: number;
  contentHash: string;
  /** Of the rules by which it is drawn. */
  rendering: number;
  sizes: number[];
  state: PreviewState;
  /** How often it was begun anew after it had failed. */
  run: number;
  files: PictureFile[] | null;
  /** The code of what went wrong. */
  failure: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

const columns = `p.id, p.tenant_id as "tenantId", p.design_id as "designId", p.version,
  p.content_hash as "contentHash", p.rendering, p.sizes, p.state, p.run, p.files, p.failure,
  p.created_at as "createdAt", p.finished_at as "finishedAt"`;

/** Pictures of a tenant's designs. */
export class PreviewRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `designs.preview_not_found` */
  async get(id: string): Promise<Preview> {
    return found(await this.#select('and p.id = $2', [id]));
  }

  /** Those of one content in just these sizes, held until the transaction ends; null when there are none. */
  async lock(contentHash: string, sizes: readonly number[]): Promise<Preview | null> {
    const [preview] = await this.#select(
      'and p.content_hash = $2 and p.rendering = $3 and p.sizes = $4 for no key update',
      [contentHash, renderingVersion, sizes],
    );
    return preview ?? null;
  }

  /** Of any content, newest first. */
  async list(limit: number, afterId: string | null): Promise<Preview[]> {
    return await this.#select('and ($2::uuid is null or p.id < $2) order by p.id desc limit $3', [
      afterId,
      limit,
    ]);
  }

  /** Of one content, newest first. */
  async ofContent(contentHash: string, limit: number, afterId: string | null): Promise<Preview[]> {
    return await this.#select(
      'and p.content_hash = $2 and ($3::uuid is null or p.id < $3) order by p.id desc limit $4',
      [contentHash, afterId, limit],
    );
  }

  /**
   * Of a design, with a version of it that has this content: one that was ordered first, as it is there for all.
   *
   * @throws Failure `designs.preview_not_found`
   */
  async ofDesign(designId: string, id: string): Promise<{ preview: Preview; number: number }> {
    const preview = await this.get(id);
    const [version] = await this.#sql<{ number: number }>(
      `select number from designs.versions where tenant_id = $1 and design_id = $2 and content_hash = $3
       order by frozen_at nulls last, number desc limit 1`,
      [this.#tenantId, designId, preview.contentHash],
    );
    if (!version) throw notFound();
    return { preview, number: version.number };
  }

  /** Every picture of a content that is there, each once, from small to large. */
  async filesOf(contentHash: string): Promise<PictureFile[]> {
    const rows = await this.#sql<{ files: PictureFile[] }>(
      `select files from designs.previews
       where tenant_id = $1 and content_hash = $2 and rendering = $3 and state = 'ready'`,
      [this.#tenantId, contentHash, renderingVersion],
    );
    const byKey = new Map(rows.flatMap(({ files }) => files.map((file) => [file.key, file])));
    return [...byKey.values()].toSorted((a, b) => a.width - b.width);
  }

  /** What is to be drawn. @throws Failure `designs.version_not_found` when no version has it any more */
  async documentOf(contentHash: string): Promise<{ document: DesignDocument; assets: string[] }> {
    const [version] = await this.#sql<{ document: DesignDocument; assets: string[] }>(
      'select document, assets from designs.versions where tenant_id = $1 and content_hash = $2 limit 1',
      [this.#tenantId, contentHash],
    );
    if (!version) throw new Failure('designs.version_not_found', 'No design has this content any more.');
    return version;
  }

  async #select(rest: string, parameters: unknown[]): Promise<Preview[]> {
    const rows = await this.#sql<Preview>(
      `select ${columns} from designs.previews p where p.tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt', 'finishedAt']);
  }
}

function found([preview]: Preview[]): Preview {
  if (!preview) throw notFound();
  return preview;
}

function notFound(): Failure {
  return new Failure('designs.preview_not_found', 'There are no such pictures.');
}
