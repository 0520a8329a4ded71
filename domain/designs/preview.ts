/** Longest edges of the pictures that every saved version gets. */
export const usualSizes: readonly number[] = [256, 1_024];

export const sizeLimits = { least: 16, most: 4_096, count: 6 } as const;

/** Of pictures in other sizes than the usual ones, which people ask for. */
export const askedLimits = {
  /** Previews of one content, the usual one with them. */
  ofContent: 20,
  /** Bytes of an organisation in so many days. */
  bytes: 20 * 1024 ** 3,
  days: 30,
} as const;

/** Bytes that the files of a preview have at most, as far as can be told before they are drawn: those of its pixels. */
export function mostBytesOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, longestEdge) => sum + longestEdge ** 2 * 4, 0);
}

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
