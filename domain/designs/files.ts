import type { PictureFormat } from './preview.ts';

/** Where the files of designs lie, with a folder a tenant. */
export const designsFolder = 'designs';

export function assetKey(tenantId: string, assetId: string): string {
  return `${designsFolder}/${tenantId}/assets/${assetId}`;
}

/** The pictures of one content, as one version of the rendering draws it. */
export function pictureFolder(tenantId: string, contentHash: string, rendering: number): string {
  return `${designsFolder}/${tenantId}/pictures/${contentHash}/${rendering}/`;
}

/** Named by what is drawn, so that drawing it again writes the same bytes to the same place. */
export function pictureKey(
  tenantId: string,
  contentHash: string,
  rendering: number,
  { longestEdge, format }: { longestEdge: number; format: PictureFormat },
): string {
  return `${pictureFolder(tenantId, contentHash, rendering)}${longestEdge}.${format}`;
}
