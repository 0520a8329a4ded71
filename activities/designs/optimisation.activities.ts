import { AssetRepository, type Asset } from '../../db/designs/asset.repository.ts';
import { CrashCount } from '../../db/designs/crash-count.ts';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import { endOptimisation, OptimisationRepository } from '../../db/designs/optimisation.repository.ts';
import { requestPreview } from '../../db/designs/preview-steps.ts';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import type { Sql } from '../../db/sql.ts';
import { contentHash, pixelsPerUnit, shownAssets, withAssets } from '../../domain/designs/content.ts';
import { neededPixels } from '../../domain/designs/needed-pixels.ts';
import { isWorthwhile, reportOf } from '../../domain/designs/optimisation.ts';
import { usualSizes } from '../../domain/designs/preview.ts';
import { nullFor } from '../../domain/failure.ts';
import type { ImageProcesses } from '../../platform/images/image-process.ts';
import { AssetStore } from '../../services/designs/asset-store.ts';
import type { OptimisationActivities, OptimiseDesignInput } from '../../workflows/designs/messages.ts';
import type { WorkerServices } from '../services.ts';
import { withPatience, workOnPicture } from './picture-work.ts';

/** Makes designs smaller. What a picture was is kept: versions from before show it as it was. */
export function createOptimisationActivities(
  { database, storage }: Pick<WorkerServices, 'database' | 'storage'>,
  images: ImageProcesses,
): OptimisationActivities {
  const store = new AssetStore({ database, storage });
  const readVersion = async (sql: Sql, { tenantId, optimisationId }: OptimiseDesignInput) => {
    const optimisation = await new OptimisationRepository(sql, tenantId).get(optimisationId);
    const { designId, version } = optimisation;
    const { document } = await new VersionRepository(sql, tenantId, null).get(designId, version);
    return { optimisation, document };
  };

  return {
    planOptimisation: (input) =>
      database.read('designs', async ({ sql }) => {
        const { optimisation, document } = await readVersion(sql, input);
        if (optimisation.state !== 'requested') return null;
        const shown = await new AssetRepository(sql, input.tenantId).find(shownAssets(document));
        const scale = pixelsPerUnit(document.canvas);
        const assets = shown.flatMap((asset) => {
          const needed = asset.format === 'svg' ? null : neededPixels(document, asset.id, asset, scale);
          if (!needed) return [];
          const width = Math.min(needed.width, asset.width);
          const height = Math.min(needed.height, asset.height);
          return [{ assetId: asset.id, width, height, quality: optimisation.quality }];
        });
        return { assets };
      }),

    compressAsset: ({ tenantId, optimisationId, assetId, width, height, quality }) =>
      withPatience(async (signal) => {
        const madeOf = { assetId, width, height, quality };
        const { asset, before } = await database.read('designs', async ({ sql }) => {
          const assets = new AssetRepository(sql, tenantId);
          return { asset: await assets.get(assetId), before: await assets.findMade(madeOf) };
        });
        if (before) return { assetId, replacementId: before.id };
        const { format } = asset;
        const read = async () => ({
          content: await store.read(asset, signal),
          format,
          width,
          height,
          quality,
        });
        const crashes = new CrashCount(database, 'optimisations', tenantId, optimisationId);
        const smaller = await workOnPicture({ images, crashes }, 'compress', read, signal);
        if (!isWorthwhile(asset.bytes, smaller.content.length)) return { assetId, replacementId: null };
        const facts = {
          format: smaller.format,
          width: smaller.width,
          height: smaller.height,
          leftOut: [],
          madeOf,
        };
        const owner = { name: asset.name, createdBy: null };
        const incoming = await store.put(tenantId, owner, smaller.content, facts, signal);
        const made = await database.transaction('designs', (transaction) =>
          store.keep(transaction, tenantId, incoming),
        );
        return { assetId, replacementId: made.id };
      }),

    applyOptimisation: ({ assets: compressed, ...input }) =>
      database.transaction('designs', async (transaction) => {
        const { sql } = transaction;
        const { tenantId } = input;
        const { designId } = (await readVersion(sql, input)).optimisation;
        const designs = new DesignRepository(sql, tenantId, null);
        const design = await designs.lock(designId);
        const optimisation = await new OptimisationRepository(sql, tenantId).lock(input.optimisationId);
        if (optimisation.state !== 'requested') return { state: optimisation.state };
        const { document } = await readVersion(sql, input);
        const repository = new AssetRepository(sql, tenantId);
        const made = compressed.flatMap(({ replacementId }) => replacementId ?? []);
        const copies = new Map((await repository.hold(made)).map((copy) => [copy.id, copy]));
        // A copy that was deleted or swept meanwhile replaces nothing.
        const replacements = new Map(
          compressed.flatMap(({ assetId, replacementId }): [string, Asset][] => {
            const copy = replacementId === null ? undefined : copies.get(replacementId);
            return copy ? [[assetId, copy]] : [];
          }),
        );
        const shown = shownAssets(document);
        const dropped = document.assets.filter((id) => !shown.includes(id));
        const all = await repository.find([...shown, ...dropped]);
        const byId = new Map(all.map((asset) => [asset.id, asset]));
        const report = reportOf(
          dropped.flatMap((id) => byId.get(id) ?? []),
          shown.flatMap((id) => {
            const before = byId.get(id);
            return before ? [{ before, after: replacements.get(id) ?? null }] : [];
          }),
        );
        if (design.version !== optimisation.version) {
          await endOptimisation(transaction, optimisation, { state: 'superseded', report });
          return { state: 'superseded' };
        }
        const kept = { ...document, assets: document.assets.filter((id) => shown.includes(id)) };
        const optimised = withAssets(kept, new Map([...replacements].map(([id, copy]) => [id, copy.id])));
        if (contentHash(optimised) === contentHash(document)) {
          await endOptimisation(transaction, optimisation, { state: 'unchanged', report });
          return { state: 'unchanged' };
        }
        const next = await designs.update(design, {
          name: design.name,
          tags: design.tags,
          document: optimised,
          madeFrom: { kind: 'optimised', version: optimisation.version },
          changedBy: null,
        });
        await repository.markReplaced([...replacements.keys()]);
        await transaction.publish({
          type: 'design.updated',
          tenantId,
          subject: `design:${designId}`,
          data: { version: next.version, changed: ['document'] },
        });
        await requestPreview(transaction, {
          tenantId,
          designId,
          version: next.version,
          contentHash: contentHash(optimised),
          sizes: usualSizes,
          userId: null,
          traceId: null,
        });
        const end = { state: 'completed', report, newVersion: next.version } as const;
        await endOptimisation(transaction, optimisation, end);
        return { state: 'completed' };
      }),

    failOptimisation: ({ tenantId, optimisationId, code }) =>
      database.transaction('designs', async (transaction) => {
        // It may have been swept with its design meanwhile.
        const optimisation = await new OptimisationRepository(transaction.sql, tenantId)
          .lock(optimisationId)
          .catch(nullFor('designs.optimisation_not_found'));
        if (optimisation?.state !== 'requested') return;
        await endOptimisation(transaction, optimisation, { state: 'failed', failure: code });
      }),
  };
}
