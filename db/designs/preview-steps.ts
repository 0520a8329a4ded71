import { v7 as uuidv7 } from 'uuid';
import { renderingVersion } from '../../domain/designs/compose-svg.ts';
import {
  askedLimits,
  mostBytesOf,
  normaliseSizes,
  usualSizes,
  type PictureFile,
} from '../../domain/designs/preview.ts';
import { Failure } from '../../domain/failure.ts';
import type { Transaction } from '../database.ts';
import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';
import { PreviewRepository, type Preview } from './preview.repository.ts';

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
 * @returns the pictures as they stand
 * @throws Failure `designs.too_many_previews`, `designs.previews_full`: never for the usual sizes
 */
export async function requestPreview(transaction: Transaction, request: PreviewRequest): Promise<Preview> {
  const { sql, publish } = transaction;
  const { tenantId, userId, traceId } = request;
  const { found, isNew } = await insertOrLock(sql, request);
  if (!isNew && found.state !== 'failed') return found;
  const preview = isNew ? found : await beginAnew(sql, found);
  if (normaliseSizes(usualSizes).join() !== preview.sizes.join()) await requireRoom(sql, preview);
  await publish({
    type: 'design.preview_requested',
    tenantId,
    subject: `preview:${preview.id}`,
    actorId: userId,
    traceId,
    data: { design_id: preview.designId, version: preview.version, run: preview.run, sizes: preview.sizes },
  });
  return preview;
}

async function insertOrLock(sql: Sql, request: PreviewRequest): Promise<{ found: Preview; isNew: boolean }> {
  const { tenantId, designId, version, contentHash, sizes, userId } = request;
  const previews = new PreviewRepository(sql, tenantId);
  for (;;) {
    const [made] = await sql<{ id: string }>(
      `insert into designs.previews (id, tenant_id, design_id, version, content_hash, rendering, sizes,
         bytes, state, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9) on conflict do nothing returning id`,
      [
        uuidv7(),
        tenantId,
        designId,
        version,
        contentHash,
        renderingVersion,
        sizes,
        mostBytesOf(sizes),
        userId,
      ],
    );
    if (made) return { found: await previews.get(made.id), isNew: true };
    const known = await previews.lock(contentHash, sizes);
    // They may have been swept in between: then they are new after all.
    if (known) return { found: known, isNew: false };
  }
}

async function beginAnew(sql: Sql, { id, tenantId, sizes }: Preview): Promise<Preview> {
  await sql(
    `update designs.previews set state = 'requested', run = run + 1, crashes = 0, bytes = $3, failure = null,
       finished_at = null
     where tenant_id = $1 and id = $2`,
    [tenantId, id, mostBytesOf(sizes)],
  );
  return await new PreviewRepository(sql, tenantId).get(id);
}

/**
 * One after the other, so that two can't both take the last of it. What is still to be drawn counts with what it may weigh at most,
 * what has failed with nothing.
 */
async function requireRoom(sql: Sql, { tenantId, contentHash, rendering }: Preview): Promise<void> {
  await lockName(sql, `designs.previews:${tenantId}`);
  const { ofContent, bytes, days } = askedLimits;
  const [used] = await sql<{ count: number; bytes: number }>(
    `select (select count(*)::int from designs.previews
         where tenant_id = $1 and content_hash = $2 and rendering = $3) as count,
       (select coalesce(sum(bytes), 0)::float8 from designs.previews
         where tenant_id = $1 and sizes <> $4 and (finished_at is null or finished_at > now() - make_interval(days => $5)))
         as bytes`,
    [tenantId, contentHash, rendering, normaliseSizes(usualSizes), days],
  );
  if (!used) throw new Error('A sum is always there.');
  if (used.count > ofContent)
    throw new Failure(
      'designs.too_many_previews',
      `One content is drawn in at most ${ofContent} choices of sizes. Ask for one that is there.`,
    );
  if (used.bytes > bytes)
    throw new Failure(
      'designs.previews_full',
      `Pictures in other than the usual sizes have at most ${bytes} bytes of an organisation in ${days} days.`,
    );
}

/** The pictures are there. Does nothing when that is known, or when nobody wants them any more. */
export async function completePreview(
  { sql, publish }: Transaction,
  { id, tenantId }: Pick<Preview, 'id' | 'tenantId'>,
  files: readonly PictureFile[],
): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const [ready] = await sql<Pick<Preview, 'designId' | 'version'>>(
    `update designs.previews set state = 'ready', files = $3, bytes = $4, failure = null, finished_at = now()
     where tenant_id = $1 and id = $2 and state = 'requested'
     returning design_id as "designId", version`,
    [tenantId, id, JSON.stringify(files), bytes],
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
      bytes,
    },
  });
}

/**
 * The pictures can't be drawn. Does nothing when they are there after all, or are being drawn anew by now.
 *
 * @param preview.run in which they could not; null for whichever it is in
 */
export async function failPreview(
  { sql, publish }: Transaction,
  { id, tenantId, run }: Pick<Preview, 'id' | 'tenantId'> & { run: number | null },
  code: string,
): Promise<void> {
  const [failed] = await sql<Pick<Preview, 'designId' | 'version'>>(
    `update designs.previews set state = 'failed', failure = $3, bytes = 0, finished_at = now()
     where tenant_id = $1 and id = $2 and state = 'requested' and run = coalesce($4, run)
     returning design_id as "designId", version`,
    [tenantId, id, code, run],
  );
  if (!failed) return;
  await publish({
    type: 'design.preview_failed',
    tenantId,
    subject: `preview:${id}`,
    data: { design_id: failed.designId, version: failed.version, code },
  });
}
