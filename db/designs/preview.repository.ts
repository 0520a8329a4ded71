import { v7 as uuidv7 } from 'uuid';
import { renderingVersion } from '../../domain/designs/compose-svg.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';
import type { PictureFile, PreviewState } from '../../domain/designs/preview.ts';
import { Failure } from '../../domain/failure.ts';
import type { Transaction } from '../database.ts';
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

  async lock(id: string): Promise<Preview> {
    return found(await this.#select('and p.id = $2 for no key update', [id]));
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

export interface PreviewRequest {
  tenantId: string;
  designId: string;
  version: number;
  contentHash: string;
  /** Each once, from small to large. */
  sizes: readonly number[];
  /** Null: the system. */
  userId: string | null;
  traceId: string | null;
}

/**
 * Asks for pictures. What is there, or is being drawn, is not drawn again; what has failed is tried anew.
 *
 * @returns the pictures as they stand, and whether they were asked for only now
 */
export async function requestPreview(
  { sql, publish }: Transaction,
  request: PreviewRequest,
): Promise<{ preview: Preview; asked: boolean }> {
  const { tenantId, designId, version, contentHash, sizes, userId, traceId } = request;
  const previews = new PreviewRepository(sql, tenantId);
  const [made] = await sql<{ id: string }>(
    `insert into designs.previews (id, tenant_id, design_id, version, content_hash, rendering, sizes, state, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, 'requested', $8) on conflict do nothing returning id`,
    [uuidv7(), tenantId, designId, version, contentHash, renderingVersion, sizes, userId],
  );
  const [known] = made
    ? [made]
    : await sql<{ id: string }>(
        `update designs.previews set
           run = case when state = 'failed' then run + 1 else run end,
           finished_at = case when state = 'failed' then null else finished_at end,
           failure = null,
           state = case when state = 'failed' then 'requested' else state end
         where tenant_id = $1 and content_hash = $2 and rendering = $3 and sizes = $4 returning id,
           (select state from designs.previews o where o.id = previews.id) as before`,
        [tenantId, contentHash, renderingVersion, sizes],
      );
  if (!known) throw new Error('Pictures are neither new nor known.');
  const preview = await previews.get(known.id);
  const asked = made !== undefined || (known as { before?: string }).before === 'failed';
  if (asked)
    await publish({
      type: 'design.preview_requested',
      tenantId,
      subject: `preview:${preview.id}`,
      actorId: userId,
      traceId,
      data: { design_id: preview.designId, version: preview.version, run: preview.run, sizes: preview.sizes },
    });
  return { preview, asked };
}

/** The pictures are there. Does nothing when that is known, or when nobody wants them any more. */
export async function completePreview(
  { sql, publish }: Transaction,
  { id, tenantId }: Pick<Preview, 'id' | 'tenantId'>,
  files: readonly PictureFile[],
): Promise<void> {
  const [ready] = await sql<Pick<Preview, 'designId' | 'version'>>(
    `update designs.previews set state = 'ready', files = $3, failure = null, finished_at = now()
     where tenant_id = $1 and id = $2 and state = 'requested'
     returning design_id as "designId", version`,
    [tenantId, id, JSON.stringify(files)],
  );
  if (!ready) return;
  await publish({
    type: 'design.preview_ready',
    tenantId,
    subject: `preview:${id}`,
    data: {
      design_id: ready.designId,
      version: ready.version,
      pictures: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  });
}

/** The pictures can't be drawn. Does nothing when they are there after all. */
export async function failPreview(
  { sql, publish }: Transaction,
  { id, tenantId }: Pick<Preview, 'id' | 'tenantId'>,
  code: string,
): Promise<void> {
  const [failed] = await sql<Pick<Preview, 'designId' | 'version'>>(
    `update designs.previews set state = 'failed', failure = $3, finished_at = now()
     where tenant_id = $1 and id = $2 and state = 'requested'
     returning design_id as "designId", version`,
    [tenantId, id, code],
  );
  if (!failed) return;
  await publish({
    type: 'design.preview_failed',
    tenantId,
    subject: `preview:${id}`,
    data: { design_id: failed.designId, version: failed.version, code },
  });
}

function found([preview]: Preview[]): Preview {
  if (!preview) throw notFound();
  return preview;
}

function notFound(): Failure {
  return new Failure('designs.preview_not_found', 'There are no such pictures.');
}
