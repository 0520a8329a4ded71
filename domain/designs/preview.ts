/** Longest edges of the pictures that every saved version gets. */
export const usualSizes: readonly number[] = [256, 1_024];

export const sizeLimits = { least: 16, most: 4_096, count: 6 } as const;

export const previewStates = ['requested', 'ready', 'failed'] as const;
export type PreviewState = (typeof previewStates)[number];

export const pictureFormats = ['png', 'webp'] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** A picture of a design in the storage. */
export interface PictureFile {
  width: number;
  height: number;
  format: PictureFormat;
  bytes: number;
  key: string;
}

/** For how long a link to a file is good, in seconds. */
export const fileLinkSeconds = 900;

/** Sizes as they are kept: each once, from small to large. */
export function normaliseSizes(sizes: readonly number[]): number[] {
  return [...new Set(sizes)].toSorted((a, b) => a - b);
}
