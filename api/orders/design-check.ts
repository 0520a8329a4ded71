import { designStandings } from '../../db/designs/ordered.ts';
import type { Transaction } from '../../db/database.ts';
import type { DesignReference } from '../../db/orders/order.ts';
import { lineRefusal } from './line-refusal.ts';

/**
 * Refuses lines whose design can't be made, as the organisation has no such version: it never had, or its design was deleted
 * before anybody ordered it.
 *
 * @throws Failure `orders.design_unknown`
 */
export async function requireDesigns(
  { sqlOf }: Transaction,
  tenantId: string,
  lines: readonly { design?: DesignReference | undefined }[],
  pointer = '/body/lines',
): Promise<void> {
  const named = lines.flatMap(({ design }, index) => (design ? [{ ...design, index }] : []));
  const standings = await designStandings(sqlOf('designs'), tenantId, named);
  for (const [place, { orderable, newest }] of standings.entries()) {
    if (orderable) continue;
    const at = `${pointer}/${named[place]?.index}/design`;
    if (newest === null) throw lineRefusal('orders.design_unknown', 'There is no such design.', `${at}/id`);
    const message = 'The design has no such version.';
    throw lineRefusal('orders.design_unknown', message, `${at}/version`);
  }
}
