import type { DesignLayer } from './document.ts';

type ShapeKind = Extract<DesignLayer, { type: 'shape' }>['shape'];

/** A number of a drawing: four digits behind the point are finer than any printer. */
export function figure(value: number): string {
  return String(Number(value.toFixed(4)));
}

/** Outlines on a square of 100 × 100, with absolute commands only, so that a box can stretch them point by point. */
const outlines: Partial<Record<ShapeKind, string>> = {
  triangle: 'M 50 0 L 100 100 L 0 100 Z',
  star: 'M 50 0 L 61.8 35.4 L 100 36.3 L 69.1 58.8 L 80.9 96 L 50 73.9 L 19.1 96 L 30.9 58.8 L 0 36.3 L 38.2 35.4 Z',
  heart:
    'M 50 100 C 20 72 0 52 0 28 C 0 10 13 0 27 0 C 37 0 46 6 50 16 C 54 6 63 0 73 0 C 87 0 100 10 100 28 C 100 52 80 72 50 100 Z',
  bone:
    'M 20 32 L 80 32 C 76 12 82 0 90 0 C 98 0 102 16 98 34 C 94 44 94 56 98 66 C 102 84 98 100 90 100 C 82 100 76 88 80 68 ' +
    'L 20 68 C 24 88 18 100 10 100 C 2 100 -2 84 2 66 C 6 56 6 44 2 34 C -2 16 2 0 10 0 C 18 0 24 12 20 32 Z',
  paw:
    'M 50 45 C 66 45 84 66 84 82 C 84 94 76 100 68 100 C 60 100 56 96 50 96 C 44 96 40 100 32 100 C 24 100 16 94 16 82 C 16 66 34 45 50 45 Z ' +
    'M 13 30 C 20 30 26 38 26 47 C 26 56 20 62 13 62 C 6 62 0 56 0 47 C 0 38 6 30 13 30 Z ' +
    'M 36 2 C 43 2 49 11 49 21 C 49 31 43 38 36 38 C 29 38 23 31 23 21 C 23 11 29 2 36 2 Z ' +
    'M 64 2 C 71 2 77 11 77 21 C 77 31 71 38 64 38 C 57 38 51 31 51 21 C 51 11 57 2 64 2 Z ' +
    'M 87 30 C 94 30 100 38 100 47 C 100 56 94 62 87 62 C 80 62 74 56 74 47 C 74 38 80 30 87 30 Z',
};

/** The element that draws a shape in its box, with these attributes besides. */
export function shapeElement(
  shape: ShapeKind,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  cornerRadius: number,
  attributes: string,
): string {
  if (shape === 'rectangle') {
    const radius = cornerRadius > 0 ? ` rx="${figure(Math.min(cornerRadius, width / 2, height / 2))}"` : '';
    return `<rect x="${figure(x)}" y="${figure(y)}" width="${figure(width)}" height="${figure(height)}"${radius}${attributes}/>`;
  }
  if (shape === 'ellipse')
    return `<ellipse cx="${figure(x + width / 2)}" cy="${figure(y + height / 2)}" rx="${figure(width / 2)}" ry="${figure(height / 2)}"${attributes}/>`;
  if (shape === 'line')
    return `<line x1="${figure(x)}" y1="${figure(y)}" x2="${figure(x + width)}" y2="${figure(y + height)}"${attributes}/>`;
  let isAcross = false;
  const path = (outlines[shape] ?? '').replaceAll(/-?\d+(?:\.\d+)?/g, (number) => {
    isAcross = !isAcross;
    return figure(isAcross ? x + (Number(number) * width) / 100 : y + (Number(number) * height) / 100);
  });
  return `<path d="${path}"${attributes}/>`;
}
