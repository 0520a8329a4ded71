import type { DesignDocument, DesignLayer } from './document.ts';
import { figure, shapeElement } from './shape-paths.ts';

type TextLayer = Extract<DesignLayer, { type: 'text' }>;
type ImageLayer = Extract<DesignLayer, { type: 'image' }>;
type PatternLayer = Extract<DesignLayer, { type: 'pattern' }>;

/**
 * Changes with whatever makes an equal document look otherwise – this file, the fonts, the renderer: the pictures of before
 * are not taken for those of now.
 */
export const renderingVersion = 1;

/** Behind each family the fonts that have what it lacks: Japanese, Chinese, Korean. All ship with the product. */
const fallback = `'DejaVu Sans', Kosugi, 'ZCOOL XiaoWei', 'Gowun Dodum'`;
const families: Readonly<Record<TextLayer['font'], string>> = {
  sans: fallback,
  serif: `'DejaVu Serif', ${fallback}`,
  mono: `'DejaVu Sans Mono', ${fallback}`,
  condensed: `'DejaVu Sans Condensed', ${fallback}`,
};

/** What stands for the picture of an asset until its pixels are put in. No text of a design can hold it: quotes are escaped. */
export function assetMark(assetId: string): string {
  return `href="asset:${assetId}"`;
}

/**
 * A design as SVG 1.1, with marks where pictures go. Everything in it is ours or escaped, and it refers to nothing outside.
 *
 * @param longestEdge of the picture, in pixels
 */
export function composeSvg(document: DesignDocument, longestEdge: number): string {
  const { canvas, layers } = document;
  const { width, height } = pictureSize(document, longestEdge);
  const background = canvas.background
    ? `<rect width="${figure(canvas.width)}" height="${figure(canvas.height)}"${fillOf(canvas.background)}/>`
    : '';
  const drawn = layers.filter(({ visible }) => visible).map(drawLayer);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${figure(canvas.width)} ${figure(canvas.height)}">${background}${drawn.join('')}</svg>`
  );
}

/** The size of a picture whose longest edge is given, in whole pixels. */
export function pictureSize(
  { canvas }: DesignDocument,
  longestEdge: number,
): { width: number; height: number } {
  const scale = longestEdge / Math.max(canvas.width, canvas.height);
  const edge = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: edge(canvas.width), height: edge(canvas.height) };
}

function drawLayer(layer: DesignLayer, index: number): string {
  const { opacity, rotation } = layer;
  const [middleX, middleY] =
    layer.type === 'text' ? [layer.x, layer.y] : [layer.x + layer.width / 2, layer.y + layer.height / 2];
  const turned =
    rotation === 0 ? '' : ` transform="rotate(${figure(rotation)} ${figure(middleX)} ${figure(middleY)})"`;
  const faded = opacity === 1 ? '' : ` opacity="${figure(opacity)}"`;
  return `<g${turned}${faded}>${contentOf(layer, index)}</g>`;
}

function contentOf(layer: DesignLayer, index: number): string {
  switch (layer.type) {
    case 'text':
      return drawText(layer);
    case 'image':
      return drawImage(layer);
    case 'pattern':
      return drawPattern(layer, `p${index}`);
    case 'shape': {
      const fill = layer.fill === null ? ' fill="none"' : fillOf(layer.fill);
      return shapeElement(layer.shape, layer, layer.corner_radius, `${fill}${strokeOf(layer.stroke)}`);
    }
  }
}

function drawText(layer: TextLayer): string {
  const anchor = { left: 'start', center: 'middle', right: 'end' }[layer.align];
  const attributes =
    ` xml:space="preserve" font-family="${families[layer.font]}" font-size="${figure(layer.size)}" text-anchor="${anchor}"` +
    (layer.weight === 'bold' ? ' font-weight="700"' : '') +
    (layer.style === 'italic' ? ' font-style="italic"' : '') +
    (layer.letter_spacing === 0 ? '' : ` letter-spacing="${figure(layer.letter_spacing)}"`) +
    fillOf(layer.color) +
    strokeOf(layer.stroke);
  return layer.text
    .split('\n')
    .map((line, number) => {
      if (line === '') return '';
      const y = layer.y + number * layer.size * layer.line_height;
      return `<text x="${figure(layer.x)}" y="${figure(y)}"${attributes}>${escapeXml(line)}</text>`;
    })
    .join('');
}

function drawImage({ x, y, width, height, fit, asset_id: assetId }: ImageLayer): string {
  const ratio = { contain: 'xMidYMid meet', cover: 'xMidYMid slice', stretch: 'none' }[fit];
  return (
    `<image x="${figure(x)}" y="${figure(y)}" width="${figure(width)}" height="${figure(height)}" ` +
    `preserveAspectRatio="${ratio}" ${assetMark(assetId)}/>`
  );
}

function drawPattern(layer: PatternLayer, id: string): string {
  const { x, y, width, height, tile } = layer;
  const box = `x="${figure(x)}" y="${figure(y)}" width="${figure(width)}" height="${figure(height)}"`;
  const under = layer.background ? `<rect ${box}${fillOf(layer.background)}/>` : '';
  return (
    `<defs><pattern id="${id}" patternUnits="userSpaceOnUse" width="${figure(tile)}" height="${figure(tile)}" ` +
    `patternTransform="translate(${figure(x)} ${figure(y)}) rotate(${figure(layer.angle)})">${motifOf(layer)}</pattern></defs>` +
    `${under}<rect ${box} fill="url(#${id})"/>`
  );
}

function motifOf({ pattern, tile, color }: PatternLayer): string {
  const half = tile / 2;
  const fill = fillOf(color);
  const inner = { x: tile * 0.2, y: tile * 0.2, width: tile * 0.6, height: tile * 0.6 };
  switch (pattern) {
    case 'dots':
      return shapeElement('ellipse', { x: half * 0.5, y: half * 0.5, width: half, height: half }, 0, fill);
    case 'stripes':
      return shapeElement('rectangle', { x: 0, y: 0, width: half, height: tile }, 0, fill);
    case 'checks':
      return [0, half]
        .map((at) => shapeElement('rectangle', { x: at, y: at, width: half, height: half }, 0, fill))
        .join('');
    case 'zigzag': {
      const [low, high] = [figure(tile * 0.7), figure(tile * 0.3)];
      const points = `0,${low} ${figure(half)},${high} ${figure(tile)},${low}`;
      const { rgb, opacity } = colourOf(color);
      return `<polyline points="${points}" fill="none" stroke="${rgb}"${opacity === 1 ? '' : ` stroke-opacity="${opacity}"`} stroke-width="${figure(tile * 0.18)}" stroke-linecap="square"/>`;
    }
    case 'paws':
      return shapeElement('paw', inner, 0, fill);
    case 'bones':
      return shapeElement('bone', { ...inner, y: tile * 0.35, height: tile * 0.3 }, 0, fill);
    case 'hearts':
      return shapeElement('heart', inner, 0, fill);
  }
}

function colourOf(colour: string): { rgb: string; opacity: number } {
  const alpha = colour.slice(7);
  return {
    rgb: colour.slice(0, 7),
    opacity: alpha === '' ? 1 : Number((Number.parseInt(alpha, 16) / 255).toFixed(4)),
  };
}

function fillOf(colour: string): string {
  const { rgb, opacity } = colourOf(colour);
  return ` fill="${rgb}"${opacity === 1 ? '' : ` fill-opacity="${opacity}"`}`;
}

function strokeOf(stroke: { color: string; width: number } | undefined): string {
  if (!stroke) return '';
  const { rgb, opacity } = colourOf(stroke.color);
  const faded = opacity === 1 ? '' : ` stroke-opacity="${opacity}"`;
  return ` stroke="${rgb}"${faded} stroke-width="${figure(stroke.width)}" stroke-linejoin="round" stroke-linecap="round"`;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');
}
