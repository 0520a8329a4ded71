import { categoryRules, type Category } from './categories.ts';
import type { SuppressionReason } from './notice.ts';

/** An entry of the suppression list, of one address. */
export interface Suppressing {
  reason: SuppressionReason;
  /** Null: of all. */
  category: Category | null;
  /** It was told of by a message that came later, which is less sure than what a mail server answers. */
  reported: boolean;
}

/**
 * The entry that holds a mail back; null when none does. Whoever has unsubscribed wants no more news, and still gets what is critical: an
 * order that waits for its customer ends without an answer.
 */
export function suppressing<S extends Suppressing>(
  entries: readonly S[],
  { category, critical }: { category: Category; critical: boolean },
): S | null {
  const { heldBackBy } = categoryRules[category];
  if (heldBackBy === 'nothing') return null;
  return (
    entries.find(
      (entry) =>
        (entry.category === null || entry.category === category) &&
        (heldBackBy === 'all' || (entry.reason === 'bounce' && !entry.reported)) &&
        !(critical && entry.reason === 'unsubscribe'),
    ) ?? null
  );
}
