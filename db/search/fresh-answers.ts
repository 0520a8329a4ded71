import type { SharedAnswer } from '../../domain/search/answer.ts';
import { Together } from '../../platform/together.ts';
import { plainArray } from '../array-literal.ts';
import type { Database } from '../database.ts';

/** A question that may have been answered. */
export interface KnownQuestion {
  tenantId: string;
  /** Of the tenant's settings, as far as its asker knows. */
  generation: string;
  /** SHA-256 in hex. */
  key: string;
}

export interface FreshAnswer {
  answer: SharedAnswer;
  /** Of the tenant's settings. */
  currency: string;
  /** The database's time at which it was found. */
  foundAt: Date;
}

/**
 * Fresh answers in PostgreSQL, found in one statement for all who ask at that moment, whatever their tenants. One is found only
 * while the tenant's generation is still that which its asker knows: nobody has to read the settings before.
 */
export class FreshAnswers {
  readonly #database: Database;
  readonly #together = new Together((asked: readonly KnownQuestion[]) => this.#find(asked));

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null when there is none, or when the tenant's settings are no longer those that are known. */
  async find(asked: KnownQuestion): Promise<FreshAnswer | null> {
    return await this.#together.ask(asked);
  }

  /** What several ask for is read once. */
  async #find(asked: readonly KnownQuestion[]): Promise<(FreshAnswer | null)[]> {
    const distinct = new Map(asked.map((question) => [nameOf(question), question]));
    const questions = [...distinct.values()];
    const rows = await this.#database.read('search', ({ sql }) =>
      sql<FreshRow>(
        selectFresh,
        [
          plainArray(questions.map(({ tenantId }) => tenantId)),
          plainArray(questions.map(({ generation }) => generation)),
          plainArray(questions.map(({ key }) => key)),
        ],
        'search.fresh_answers_of_known',
      ),
    );
    const found = new Map<string, FreshAnswer>();
    for (const { place, answer, currency, foundAt } of rows) {
      const question = questions[place - 1];
      if (question) found.set(nameOf(question), { answer, currency, foundAt: new Date(foundAt) });
    }
    return asked.map((question) => found.get(nameOf(question)) ?? null);
  }
}

function nameOf({ tenantId, generation, key }: KnownQuestion): string {
  return `${tenantId} ${generation} ${key}`;
}

interface FreshRow {
  place: number;
  answer: SharedAnswer;
  currency: string;
  foundAt: string;
}

/** Each look is one into an index, however large the tables were when the plan was made. */
const selectFresh = `
  select given.place::integer as place, c.answer, s.currency, clock_timestamp() as "foundAt"
  from unnest($1::uuid[], $2::bigint[], $3::text[]) with ordinality as given (tenant_id, generation, key, place)
  cross join lateral (
    select currency from search.settings
    where tenant_id = given.tenant_id and generation = given.generation limit 1) s
  cross join lateral (
    select answer from search.cache_entries
    where tenant_id = given.tenant_id and key = decode(given.key, 'hex') and fresh_until > now() limit 1) c`;
