import { defaultMatchProbability } from './matching/probability.ts';
import type { QueryKind } from './query.ts';

/**
 * The least probability of a person that a single search returns unless told otherwise. A name or an address alone hardly
 * ever makes anybody likelier than not, and whoever searches by them wants to see the candidates, each with its probability.
 */
export function defaultMinScore(kind: QueryKind): number {
  return kind === 'name' || kind === 'address' ? 0.01 : defaultMatchProbability;
}
