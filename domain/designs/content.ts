import { createHash } from 'node:crypto';
import { Failure } from '../failure.ts';
import type { DesignCanvas, DesignDocument } from './document.ts';
import { designLimits } from './limits.ts';

/** A document with its members in order: equal contents are equal texts. */
function canonicalDocument(document: DesignDocument): string {
  return JSON.stringify(document, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/**
 * Names what stands in a document: equal documents have equal hashes. Assets never change, so it names their pictures too.
 *
 * @returns lower-case hexadecimal SHA-256
 * @throws Failure `designs.document_too_large`
 */
export function contentHash(document: DesignDocument): string {
  const text = canonicalDocument(document);
  const bytes = Buffer.byteLength(text);
  if (bytes > designLimits.documentBytes)
    throw new Failure(
      'designs.document_too_large',
      `A document has at most ${designLimits.documentBytes} bytes; this one has ${bytes}.`,
    );
  return createHash('sha256').update(text).digest('hex');
}

/** The assets that layers show, whether or not they are visible now. */
export function shownAssets({ layers }: DesignDocument): string[] {
  return [...new Set(layers.flatMap((layer) => (layer.type === 'image' ? [layer.asset_id] : [])))];
}

/** Every asset that a document speaks of. */
export function assetsOf(document: DesignDocument): string[] {
  return [...new Set([...document.assets, ...shownAssets(document)])];
}

/** Where a document speaks of assets that are not there, as JSON pointers into it. */
export function pointersToAssets(document: DesignDocument, missing: ReadonlySet<string>): string[] {
  return [
    ...document.layers.flatMap((layer, index) =>
      layer.type === 'image' && missing.has(layer.asset_id) ? [`/layers/${index}/asset_id`] : [],
    ),
    ...document.assets.flatMap((id, index) => (missing.has(id) ? [`/assets/${index}`] : [])),
  ];
}

/** The same document with other assets in the place of some. */
export function withAssets(
  document: DesignDocument,
  replacements: ReadonlyMap<string, string>,
): DesignDocument {
  const replace = (id: string): string => replacements.get(id) ?? id;
  return {
    ...document,
    layers: document.layers.map((layer) =>
      layer.type === 'image' ? { ...layer, asset_id: replace(layer.asset_id) } : layer,
    ),
    assets: document.assets.map(replace),
  };
}

/** How many pixels a unit of the canvas has in print. */
export function pixelsPerUnit({ unit, dpi }: DesignCanvas): number {
  return unit === 'px' ? 1 : dpi / 25.4;
}
