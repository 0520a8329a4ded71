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

/** The entry that holds mails of a category back; null when none does. */
export function suppressing<S extends Suppressing>(entries: readonly S[], category: Category): S | null {
  const { heldBackBy } = categoryRules[category];
  if (heldBackBy === 'nothing') return null;
  return (
    entries.find(
      (entry) =>
        (entry.category === null || entry.category === category) &&
        (heldBackBy === 'all' || (entry.reason === 'bounce' && !entry.reported)),
    ) ?? null
  );
}
