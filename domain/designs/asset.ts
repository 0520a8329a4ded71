/** The pictures that designs can show. */
export const assetFormats = ['png', 'jpeg', 'webp', 'svg'] as const;

export type AssetFormat = (typeof assetFormats)[number];

export const mediaTypes: Readonly<Record<AssetFormat, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  svg: 'image/svg+xml',
};

export const assetLimits = {
  /** Of a file with pixels. */
  rasterBytes: 26_214_400,
  /** Of an SVG. */
  svgBytes: 1_048_576,
  /** Of one picture, once it is unpacked. */
  pixels: 50_000_000,
  /** Longest edge, in pixels. */
  edge: 16_384,
  /** Of all assets of an organisation. */
  organisationBytes: 5 * 1024 ** 3,
} as const;

/** The format of a file by its first bytes; null for anything else. What its sender calls it does not count. */
export function formatOf(content: Uint8Array): AssetFormat | null {
  const latin = (from: number, to: number): string =>
    Buffer.from(content.subarray(from, to)).toString('latin1');
  if (latin(0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (latin(0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (latin(0, 4) === 'RIFF' && latin(8, 12) === 'WEBP') return 'webp';
  const text = latin(0, 1_024).replace(/^\xef\xbb\xbf/, '');
  return /^\s*</.test(text) && latin(0, 65_536).includes('<svg') ? 'svg' : null;
}
