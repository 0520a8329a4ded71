import type { Needles } from '../domain/search/data-subject.ts';

/**
 * A condition under which a text, such as JSON as text, may be of a person: what the database can tell by itself, so that
 * only those few are read that the rule itself (`Recogniser.holds`) is asked about. It lets nothing go that is of the person.
 *
 * @param text an expression
 * @param place of the first of the two parameters that `needleParameters` gives
 */
export function mayBeOf(text: string, place: number): string {
  // An escaped control character in JSON would put its digits between those of a number.
  return `($${place}::text[] is null
    or regexp_replace(lower(${text}), '[^a-z0-9]', '', 'g') like any ($${place}::text[])
    or (cardinality($${place + 1}::text[]) > 0
      and regexp_replace(${text}, '\\\\u00[01][0-9a-f]|[^0-9]', '', 'g') like any ($${place + 1}::text[])))`;
}

export function needleParameters(needles: Needles | null): [string[] | null, string[] | null] {
  if (needles === null) return [null, null];
  const within = (parts: readonly string[]): string[] => parts.map((part) => `%${part}%`);
  return [within(needles.letters), within(needles.digits)];
}
