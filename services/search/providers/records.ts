import type { Database } from '../../../db/database.ts';
import { RecordMatcher, type RecordMatch } from '../../../db/search/record.matcher.ts';
import { defaultMatchProbability } from '../../../domain/search/matching/probability.ts';
import type {
  ProviderAnswer,
  ProviderOptions,
  ProviderPerson,
  SearchProvider,
} from '../../../domain/search/provider.ts';
import type { NormalisedQuery } from '../../../domain/search/query.ts';

/** Queries that the matcher takes at once with the least work for each. */
const atOnce = 250;

/**
 * How likely a record is right about a number or a mailbox that it holds. A search by one of these asks who holds it: all
 * who share it are answers, while the matcher would take them for rivals of whom one at most is meant.
 */
const holderProbability = 0.9;

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
      const asked = queries.slice(at, at + atOnce);
      const found = await this.#match(asked, options);
      for (const [index, query] of asked.entries())
        answers.push(toAnswer(query, found[index] ?? [], options));
    }
    return answers;
  }

  async #match(queries: readonly NormalisedQuery[], options: ProviderOptions): Promise<RecordMatch[][]> {
    const { minScore, limit, recordSetIds = null } = options;
    const fields = queries.map((query) => query.fields);
    return await this.#database.read('search', ({ sql }) =>
      new RecordMatcher(sql).match(this.#tenantId, fields, {
        recordSetIds,
        minScore: queries.some(asksForHolders) ? 0 : minScore,
        limit,
      }),
    );
  }
}

function asksForHolders({ kind }: NormalisedQuery): boolean {
  return kind === 'phone' || kind === 'email';
}

/** Vouched for where the likeliest is likelier than not: a search goes on past weaker candidates, and still shows them. */
function toAnswer(
  query: NormalisedQuery,
  matches: readonly RecordMatch[],
  options: ProviderOptions,
): ProviderAnswer {
  const people = matches
    .map((match) => toPerson(match, asksForHolders(query)))
    .filter(({ score }) => score >= options.minScore)
    .toSorted((a, b) => b.score - a.score);
  const [best] = people;
  if (!best) {
    const reason = 'nobody in the records reaches the least probability';
    return { outcome: 'miss', people: [], validated: false, reason };
  }
  const validated = best.score >= defaultMatchProbability;
  return {
    outcome: 'hit',
    people,
    validated,
    ...(validated ? {} : { reason: 'nobody in the records is likelier than not' }),
  };
}

function toPerson(match: RecordMatch, holder: boolean): ProviderPerson {
  const holds = match.evidence.some(
    ({ field, level }) => (field === 'phone' || field === 'email') && level === 'exact',
  );
  return {
    personId: match.personId,
    recordSetId: match.recordSetId,
    fields: match.fields,
    score: holder && holds ? Math.max(match.probability, holderProbability) : match.probability,
    matchedOn: match.matchedOn,
    evidence: match.evidence,
  };
}
