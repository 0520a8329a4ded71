import { AssetRepository, type Asset } from '../../db/designs/asset.repository.ts';
import { CrashCount } from '../../db/designs/crash-count.ts';
import { completePreview, failPreview } from '../../db/designs/preview-steps.ts';
import { PreviewRepository, type Preview } from '../../db/designs/preview.repository.ts';
import { mediaTypes } from '../../domain/designs/asset.ts';
import { assetMark, composeSvg, pictureSize } from '../../domain/designs/compose-svg.ts';
import { shownAssets } from '../../domain/designs/content.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';
import { pictureKey } from '../../domain/designs/files.ts';
import { designLimits } from '../../domain/designs/limits.ts';
import { neededPixels } from '../../domain/designs/needed-pixels.ts';
import { pictureFormats, type PictureFile } from '../../domain/designs/preview.ts';
import { Failure } from '../../domain/failure.ts';
import type { ImageProcesses } from '../../platform/images/image-process.ts';
import { AssetStore } from '../../services/designs/asset-store.ts';
import type { PreviewActivities, RenderPreviewInput } from '../../workflows/designs/messages.ts';
import type { WorkerServices } from '../services.ts';
import { withPatience, workOnPicture } from './picture-work.ts';

const maxPictureBytes = 256 * 1024 ** 2;

interface ToDraw {
  document: DesignDocument;
  /** What its visible layers show. */
  assets: readonly Asset[];
}

/** Draws designs. A picture is named by its content and size: it is drawn once, and drawn alike whenever it is drawn. */
export function createPreviewActivities(
  { database, storage }: Pick<WorkerServices, 'database' | 'storage'>,
  images: ImageProcesses,
): PreviewActivities {
  const store = new AssetStore({ database, storage });

  /** Null when nobody waits for the pictures any more. */
  const open = ({
    previewId,
    tenantId,
  }: RenderPreviewInput): Promise<(ToDraw & { preview: Preview }) | null> =>
    database.read('designs', async ({ sql }) => {
      const previews = new PreviewRepository(sql, tenantId);
      const preview = await previews.get(previewId);
      if (preview.state !== 'requested') return null;
      const { document } = await previews.documentOf(preview.contentHash);
      const visible = { ...document, layers: document.layers.filter((layer) => layer.visible) };
      const assets = await new AssetRepository(sql, tenantId).find(shownAssets(visible));
      return { preview, document: visible, assets };
    });

  const known = async (
    { tenantId, contentHash, rendering }: Preview,
    size: { width: number; height: number },
    longestEdge: number,
  ): Promise<PictureFile[] | null> => {
    const files = await Promise.all(
      pictureFormats.map(async (format): Promise<PictureFile | null> => {
        const key = pictureKey(tenantId, contentHash, rendering, { longestEdge, format });
        const head = await storage.head(key);
        return head ? { ...size, format, bytes: head.bytes, key } : null;
      }),
    );
    const there = files.filter((file) => file !== null);
    return there.length === files.length ? there : null;
  };

  const draw = async (
    preview: Preview,
    { document, assets }: ToDraw,
    longestEdge: number,
    signal: AbortSignal,
  ): Promise<PictureFile[]> => {
    const size = pictureSize(document, longestEdge);
    const before = await known(preview, size, longestEdge);
    if (before) return before;
    const scale = longestEdge / Math.max(document.canvas.width, document.canvas.height);
    const shown = assets.flatMap((asset) => {
      const needed = neededPixels(document, asset.id, asset, scale);
      return needed ? [{ asset, needed }] : [];
    });
    const bytes = shown.reduce((sum, { asset }) => sum + asset.bytes, 0);
    if (bytes > designLimits.drawnBytes)
      throw new Failure(
        'images.too_large',
        `What a design shows has at most ${designLimits.drawnBytes} bytes together; this has ${bytes}.`,
      );
    const read = async () => {
      const pictures = [];
      for (const { asset, needed } of shown) {
        const content = await store.read(asset, signal);
        pictures.push({ mark: assetMark(asset.id), content, format: asset.format, ...needed });
      }
      return { svg: composeSvg(document, longestEdge), images: pictures, ...size };
    };
    const crashes = new CrashCount(database, 'previews', preview.tenantId, preview.id);
    const picture = await workOnPicture({ images, crashes }, 'render', read, signal);
    const files: PictureFile[] = [];
    for (const format of pictureFormats) {
      const key = pictureKey(preview.tenantId, preview.contentHash, preview.rendering, {
        longestEdge,
        format,
      });
      const content = picture[format];
      const options = { contentType: mediaTypes[format], maxBytes: maxPictureBytes, signal };
      const { bytes } = await storage.put(key, content, options);
      files.push({ ...size, format, bytes, key });
    }
    return files;
  };

  return {
    drawPreview: (input) =>
      withPatience(async (signal) => {
        const opened = await open(input);
        if (!opened) return { pictures: 0 };
        const { preview } = opened;
        const files: PictureFile[] = [];
        for (const longestEdge of preview.sizes)
          files.push(...(await draw(preview, opened, longestEdge, signal)));
        await database.transaction('designs', (transaction) => completePreview(transaction, preview, files));
        return { pictures: files.length };
      }),

    failPreview: ({ previewId: id, tenantId, run = null, code }) =>
      database.transaction('designs', (transaction) => failPreview(transaction, { id, tenantId, run }, code)),
  };
}
