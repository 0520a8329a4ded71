import type { Profile } from '../../domain/search/matching/profile.ts';
import { mayStandFor, spellingForms } from '../../domain/search/matching/spelling.ts';
import type { Sql } from '../sql.ts';
import type { RecordKeys } from './record-keys.ts';

/** Names of the record sets that the names of a query may be misspellings of. */
export interface SimilarNames {
  given: string[];
  surname: string[];
}

/** Most names that one word of a query is widened to, the commonest first. */
const mostNames = 12;

/** Looks up, for many queries in one statement, which names that occur are spelled or sound like theirs. */
export async function findSimilarNames(
  sql: Sql,
  recordSets: readonly RecordKeys[],
  profiles: readonly Profile[],
): Promise<SimilarNames[]> {
  const places: number[] = [];
  const forms: number[] = [];
  const asked: { query: number; word: string; kind: 'g' | 's' }[] = [];
  profiles.forEach(({ name }, query) => {
    const words = new Set(
      [...name.given, ...name.surname, ...name.other.slice(0, 2)].filter((word) => word.length > 1),
    );
    // A name may stand in the other role, so each word is looked up as both.
    for (const word of words) {
      for (const kind of ['g', 's'] as const) {
        asked.push({ query, word, kind });
        for (const form of spellingForms(word)) {
          for (const keys of recordSets) {
            places.push(asked.length - 1);
            forms.push(keys.spelling(kind, form));
          }
        }
      }
    }
  });
  const names = profiles.map((): SimilarNames => ({ given: [], surname: [] }));
  if (forms.length === 0) return names;
  const rows = await sql<{ place: number; term: string }>(similar, [places, forms]);
  const taken = new Map<number, Set<string>>();
  for (const { place, term } of rows) {
    const question = asked[place];
    const answer = question && names[question.query];
    if (!question || !answer || !mayStandFor(question.word, term)) continue;
    const known = taken.get(place) ?? new Set();
    if (known.size >= mostNames) continue;
    taken.set(place, known.add(term));
    const role = profileRole(profiles[question.query], question.word, question.kind);
    answer[role].push(term);
  }
  return names;
}

/** A given name found as a surname widens the given names: keys don't know roles, but pairs join one of each. */
function profileRole(profile: Profile | undefined, word: string, kind: 'g' | 's'): keyof SimilarNames {
  if (profile?.name.given.includes(word)) return 'given';
  if (profile?.name.surname.includes(word)) return 'surname';
  return kind === 'g' ? 'given' : 'surname';
}

const similar = `
  select place, term
  from (
    select distinct place, term_key
    from unnest($1::int[], $2::bigint[]) as asked (place, form)
    cross join lateral (
      select term_key from search.spellings where spellings.key = asked.form order by spellings.key, term_key limit 60
    ) as filed
  ) as found
  join search.terms on terms.key = term_key and persons > 0
  order by place, persons desc`;
