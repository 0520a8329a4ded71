import { termsOf, type TermKind } from '../../domain/search/matching/frequency.ts';
import type { Profile } from '../../domain/search/matching/profile.ts';
import type { Sql } from '../sql.ts';
import type { RecordKeys } from './record-keys.ts';

/**
 * Counts how many people have each of the terms of these profiles, over several record sets, in one statement.
 * The function it gives answers 0 for any other term.
 */
export async function countTermsOf(
  sql: Sql,
  recordSets: readonly RecordKeys[],
  profiles: Iterable<Profile>,
): Promise<(kind: TermKind, term: string) => number> {
  const names = new Map<string, [TermKind, string]>();
  for (const profile of profiles) {
    for (const term of termsOf(profile)) names.set(`${term[0]}|${term[1]}`, term);
  }
  const nameOf = new Map<number, string>();
  for (const keys of recordSets) {
    for (const [name, [kind, term]] of names) nameOf.set(keys.term(kind, term), name);
  }
  const rows = await sql<{ key: string; persons: string }>(
    'select key::text, persons::text from search.terms where key = any($1::bigint[])',
    [[...nameOf.keys()]],
  );
  const counts = new Map<string, number>();
  for (const { key, persons } of rows) {
    const name = nameOf.get(Number(key)) ?? '';
    counts.set(name, (counts.get(name) ?? 0) + Number(persons));
  }
  return (kind, term) => counts.get(`${kind}|${term}`) ?? 0;
}
