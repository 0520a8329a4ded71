import type { ProviderAnswer, SearchProvider } from '../../domain/search/provider.ts';
import type { NormalisedQuery } from '../../domain/search/query.ts';
import { emailFacts } from '../intelligence/email.ts';

/**
 * Facts about the e-mail addresses of a question. It knows no people, so its answers are never validated: a search
 * goes on past them.
 */
export class EmailProvider implements SearchProvider {
  readonly kind = 'email';

  declines(query: NormalisedQuery): string | null {
    return query.emails.length === 0 ? 'needs an e-mail address' : null;
  }

  search(query: NormalisedQuery): Promise<ProviderAnswer> {
    return Promise.resolve(answerOf(query));
  }

  searchMany(queries: readonly NormalisedQuery[]): Promise<ProviderAnswer[]> {
    return Promise.resolve(queries.map(answerOf));
  }
}

function answerOf(query: NormalisedQuery): ProviderAnswer {
  if (query.emails.length === 0)
    return { outcome: 'miss', people: [], validated: false, reason: 'no e-mail address' };
  const emails = query.emails.map(emailFacts);
  return {
    outcome: 'hit',
    people: [],
    validated: false,
    reason: 'facts about the value, no people',
    facts: { emails },
  };
}
