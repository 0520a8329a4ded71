/**
 * What of SVG is kept: what draws still pictures. Left out on purpose: scripts and their handlers, `foreignObject`,
 * animation, links to elsewhere, embedded images, and filters, whose work has no bound.
 */
export const keptElements: ReadonlySet<string> = new Set([
  'svg',
  'g',
  'defs',
  'symbol',
  'use',
  'title',
  'desc',
  'style',
  'path',
  'rect',
  'circle',
  'ellipse',
  'line',
  'polyline',
  'polygon',
  'text',
  'tspan',
  'linearGradient',
  'radialGradient',
  'stop',
  'clipPath',
  'mask',
  'pattern',
  'marker',
]);

/** Elements that only hold others: their content stands in a group instead. */
export const unwrappedElements: ReadonlySet<string> = new Set(['a', 'switch']);

/** Elements whose text counts. */
export const textElements: ReadonlySet<string> = new Set(['text', 'tspan', 'title', 'desc', 'style']);

/** Elements that may refer to another part of the same picture. */
export const referringElements: ReadonlySet<string> = new Set([
  'use',
  'linearGradient',
  'radialGradient',
  'pattern',
]);

export const keptAttributes: ReadonlySet<string> = new Set(
  (
    'id class style transform viewBox preserveAspectRatio x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points width height dx dy ' +
    'rotate textLength lengthAdjust pathLength offset gradientUnits gradientTransform spreadMethod patternUnits ' +
    'patternContentUnits patternTransform clipPathUnits maskUnits maskContentUnits markerUnits markerWidth markerHeight refX ' +
    'refY orient fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin ' +
    'stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color display visibility overflow clip-path clip-rule mask ' +
    'marker marker-start marker-mid marker-end stop-color stop-opacity paint-order vector-effect shape-rendering ' +
    'text-rendering font-family font-size font-style font-weight font-variant font-stretch letter-spacing word-spacing ' +
    'text-anchor text-decoration dominant-baseline alignment-baseline baseline-shift direction unicode-bidi writing-mode'
  ).split(' '),
);
