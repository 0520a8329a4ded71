import type { ProviderAnswer, SearchProvider } from '../../domain/search/provider.ts';
import type { NormalisedQuery } from '../../domain/search/query.ts';
import { mapInTurns } from '../in-turns.ts';
import { phoneFacts } from '../intelligence/phone.ts';

/**
 * Facts about the telephone numbers of a question. It knows no people, so its answers are never validated: a search
 * goes on past them.
 */
export class PhoneProvider implements SearchProvider {
  readonly kind = 'phone';

  declines(query: NormalisedQuery): string | null {
    return query.phones.length === 0 ? 'needs a phone number' : null;
  }

  async search(query: NormalisedQuery): Promise<ProviderAnswer> {
    if (query.phones.length === 0)
      return { outcome: 'miss', people: [], validated: false, reason: 'no phone number' };
    const phones = await Promise.all(query.phones.map(phoneFacts));
    return {
      outcome: 'hit',
      people: [],
      validated: false,
      reason: 'facts about the value, no people',
      facts: { phones },
    };
  }

  async searchMany(queries: readonly NormalisedQuery[]): Promise<ProviderAnswer[]> {
    return await mapInTurns(queries, (query) => this.search(query));
  }
}
