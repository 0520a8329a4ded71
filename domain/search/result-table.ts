import { personTextFields, type PersonFields } from './person.ts';

/** What the result of a row says, beside the caller's own columns. */
const resultColumns = [
  'status',
  'score',
  'cost',
  'search_id',
  'code',
  'message',
  'cached',
  'same_as_row',
  'provider',
  'matched_on',
  'record_set_id',
  'person_id',
] as const;

/** What of the person found stands in columns of its own. */
export const matchColumns = [...personTextFields, 'phones', 'emails', 'attributes'] as const;

/** What of facts about the values stands in a column: all of them, as JSON. */
const factsColumn = 'facts';

/**
 * The names of a result file's columns: the caller's own as they were, then ours, each with as many underscores in front
 * as it takes to be told from theirs.
 */
export function resultHeader(own: readonly string[]): string[] {
  const taken = new Set(own);
  const ours = [
    'row',
    ...resultColumns.map((name) => `result_${name}`),
    ...matchColumns.map((name) => `match_${name}`),
    factsColumn,
  ].map((name) => {
    let unique = name;
    while (taken.has(unique)) unique = `_${unique}`;
    taken.add(unique);
    return unique;
  });
  return [...own, ...ours];
}

/** The person found, in the order of `matchColumns`. Several phones or e-mails are separated by semicolons. */
export function matchCells(fields: PersonFields | null): (string | null)[] {
  if (!fields) return matchColumns.map(() => null);
  return matchColumns.map((name) => {
    if (name === 'phones' || name === 'emails') return fields[name]?.join('; ') ?? null;
    if (name === 'attributes') return fields.attributes ? JSON.stringify(fields.attributes) : null;
    return fields[name] ?? null;
  });
}
