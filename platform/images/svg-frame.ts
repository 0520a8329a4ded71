import { Failure } from '../../domain/failure.ts';

/**
 * What of its plane an SVG shows: its viewBox, or without one its size.
 *
 * @param attributes of its root
 * @throws Failure `images.unreadable` when it has neither, or one that nothing can be drawn in
 */
export function frameOf(attributes: ReadonlyMap<string, string>): {
  x: number;
  y: number;
  width: number;
  height: number;
} {
  const box = (attributes.get('viewBox') ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const [x = 0, y = 0, width = 0, height = 0] =
    box.length === 4 ? box : [0, 0, lengthOf(attributes.get('width')), lengthOf(attributes.get('height'))];
  const isUsable =
    [x, y, width, height].every((value) => Number.isFinite(value) && Math.abs(value) <= 1_000_000) &&
    width > 0 &&
    height > 0 &&
    Math.max(width, height) / Math.min(width, height) <= 1_000;
  if (!isUsable) throw new Failure('images.unreadable', 'The SVG has neither a usable viewBox nor a size.');
  return { x, y, width, height };
}

/** Pixels of CSS (1/96 in). */
const units: Readonly<Record<string, number>> = {
  '': 1,
  px: 1,
  pt: 96 / 72,
  pc: 16,
  mm: 96 / 25.4,
  cm: 96 / 2.54,
  in: 96,
};

function lengthOf(text: string | undefined): number {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]*)\s*$/i.exec(text ?? '') ?? [];
  return Number(number) * (units[unit.toLowerCase()] ?? Number.NaN);
}
