import type { Database } from '../../../db/database.ts';
import { RecordMatcher, type RecordMatch } from '../../../db/search/record.matcher.ts';
import type { ProviderAnswer, ProviderOptions, SearchProvider } from '../../../domain/search/provider.ts';
import type { NormalisedQuery } from '../../../domain/search/query.ts';

/** Queries that the matcher takes at once with the least work for each. */
const atOnce = 250;

/** The people of the tenant's own record sets. */
export class RecordsProvider implements SearchProvider {
  readonly kind = 'records';
  readonly #database: Database;
  readonly #tenantId: string;

  constructor(database: Database, tenantId: string) {
    this.#database = database;
    this.#tenantId = tenantId;
  }

  declines(): null {
    return null;
  }

  async search(query: NormalisedQuery, options: ProviderOptions): Promise<ProviderAnswer> {
    const [answer] = await this.searchMany([query], options);
    if (!answer) throw new Error('The matcher gave no answer to a query.');
    return answer;
  }

  async searchMany(queries: readonly NormalisedQuery[], options: ProviderOptions): Promise<ProviderAnswer[]> {
    const answers: ProviderAnswer[] = [];
    for (let at = 0; at < queries.length; at += atOnce) {
      options.signal.throwIfAborted();
      const asked = queries.slice(at, at + atOnce).map(({ fields }) => fields);
      const matches = await this.#database.read('search', ({ sql }) =>
        new RecordMatcher(sql).match(this.#tenantId, asked, {
          recordSetIds: options.recordSetIds ?? null,
          minScore: options.minScore,
          limit: options.limit,
        }),
      );
      for (const found of matches) answers.push(toAnswer(found));
    }
    return answers;
  }
}

/** The probabilities are calibrated, so whoever reaches the least score is vouched for. */
function toAnswer(matches: readonly RecordMatch[]): ProviderAnswer {
  if (matches.length === 0) {
    return {
      outcome: 'miss',
      people: [],
      validated: false,
      reason: 'nobody in the records reaches the least probability',
    };
  }
  return {
    outcome: 'hit',
    validated: true,
    people: matches.map((match) => ({
      personId: match.personId,
      recordSetId: match.recordSetId,
      fields: match.fields,
      score: match.probability,
      matchedOn: match.matchedOn,
      evidence: match.evidence,
    })),
  };
}
