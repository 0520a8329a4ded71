import { assetsOf, pointersToAssets } from '../../domain/designs/content.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { AssetRepository } from './asset.repository.ts';

/**
 * Refuses a document that shows assets which the tenant does not have. What it has is held until the transaction ends, so
 * that nobody deletes it meanwhile.
 *
 * @param at JSON pointer to the document in what was sent
 * @throws Failure `designs.document_invalid` with a pointer to each place
 */
export async function requireAssets(
  sql: Sql,
  tenantId: string,
  document: DesignDocument,
  at: string,
): Promise<void> {
  const wanted = assetsOf(document);
  const held = await new AssetRepository(sql, tenantId).hold(wanted);
  const there = new Set(held.map(({ id }) => id));
  const missing = new Set(wanted.filter((id) => !there.has(id)));
  if (missing.size === 0) return;
  throw new Failure('designs.document_invalid', 'The document shows assets that are not there.', {
    issues: pointersToAssets(document, missing).map((pointer) => ({
      pointer: `${at}${pointer}`,
      message: 'There is no such asset.',
    })),
  });
}
