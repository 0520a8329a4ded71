import { termsOf, type TermKind } from '../../domain/search/matching/frequency.ts';
import type { Profile } from '../../domain/search/matching/profile.ts';
import type { Sql } from '../sql.ts';
import type { RecordKeys } from './record-keys.ts';

/** Counts of the record sets searched last, by term, as long as no person comes or goes. */
const kept = new Map<string, Map<string, number>>();
const mostSets = 16;
const mostTerms = 50_000;

/**
 * Counts how many people have each of the terms of these profiles, over several record sets, in one statement for those
 * that aren't known from before. The function it gives answers 0 for any other term.
 */
export async function countTermsOf(
  sql: Sql,
  recordSets: readonly RecordKeys[],
  profiles: Iterable<Profile>,
): Promise<(kind: TermKind, term: string) => number> {
  const known = recordSets.map((keys) => keptOf(keys.version));
  const wanted = new Map<number, { name: string; counts: Map<string, number> }>();
  for (const profile of profiles) {
    for (const [kind, term] of termsOf(profile)) {
      const name = `${kind}|${term}`;
      recordSets.forEach((keys, index) => {
        const counts = known[index];
        if (!counts || counts.has(name)) return;
        wanted.set(keys.term(kind, term), { name, counts });
      });
    }
  }
  if (wanted.size > 0) {
    const rows = await sql<{ key: string; persons: string }>(
      'select key::text, persons::text from search.terms where key = any($1::bigint[])',
      [[...wanted.keys()]],
    );
    // Only now: a search that runs at the same time must not take what isn't counted yet for zero.
    for (const { name, counts } of wanted.values()) counts.set(name, 0);
    for (const { key, persons } of rows) {
      const found = wanted.get(Number(key));
      found?.counts.set(found.name, Number(persons));
    }
  }
  return (kind, term) => {
    const name = `${kind}|${term}`;
    return known.reduce((sum, counts) => sum + (counts.get(name) ?? 0), 0);
  };
}

/** A full map is replaced, not emptied: a search that runs at the same time goes on with the old one. */
function keptOf(version: string): Map<string, number> {
  const before = kept.get(version);
  const counts = before && before.size < mostTerms ? before : new Map<string, number>();
  kept.delete(version);
  kept.set(version, counts);
  const [oldest] = kept.keys();
  if (kept.size > mostSets && oldest !== undefined) kept.delete(oldest);
  return counts;
}
