/** What a design may hold at most. The published schema states each of them. */
export const designLimits = {
  /** Layers of a document. */
  layers: 200,
  /** Characters of one text layer, and lines of it. */
  textCharacters: 2_000,
  textLines: 50,
  /** Longest edge of a canvas, in its unit. */
  canvasMillimetres: 3_000,
  canvasPixels: 20_000,
  /** Assets that lie beside a design, used by a layer or not. */
  attachedAssets: 200,
  /** Bytes of all files that one picture of a design is drawn of: they are in memory together. */
  drawnBytes: 67_108_864,
  /** Bytes of a document as canonical JSON. */
  documentBytes: 262_144,
  tags: 20,
  /** Links of a design that count at one time. */
  links: 50,
  /** People whom a design is shared with by name. */
  people: 200,
  presets: 1_000,
  versions: 999_999_999,
} as const;

/** For how long a link may be good, in hours: a year. */
export const longestLinkHours = 8_784;
