import type { DesignDocument } from './document.ts';

export interface PixelSize {
  width: number;
  height: number;
}

/**
 * How many pixels of an asset a document can show: of all its places the largest.
 *
 * @param asset its own size, in pixels or any unit of that ratio
 * @param scale pixels a unit of the canvas
 * @returns null where no layer shows it
 */
export function neededPixels(
  { layers }: DesignDocument,
  assetId: string,
  asset: PixelSize,
  scale: number,
): PixelSize | null {
  let factor = 0;
  for (const layer of layers) {
    if (layer.type !== 'image' || layer.asset_id !== assetId) continue;
    const across = (layer.width * scale) / asset.width;
    const down = (layer.height * scale) / asset.height;
    factor = Math.max(factor, layer.fit === 'contain' ? Math.min(across, down) : Math.max(across, down));
  }
  if (factor === 0) return null;
  return {
    width: Math.max(1, Math.ceil(asset.width * factor)),
    height: Math.max(1, Math.ceil(asset.height * factor)),
  };
}
